"""What happens, in order: each flow holds the ports it uses and has one public coroutine a step."""
