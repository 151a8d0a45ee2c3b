"""The conversation: questions on a terminal, or the same questions answered by the lines of stdin."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable

from newsbot.cli.common import Quit, language
from newsbot.cli.preview.say import Say
from newsbot.flows.words import Words

YES = {"y", "yes", "예", "네", "ㅛ"}  # ㅛ is what the y key types while the keyboard is Korean
NO = {"n", "no", "아니오", "아니요", "ㅜ"}


class Talk:
    """Says and asks. With `yes` nothing is asked: every question has its default."""

    def __init__(self, words: Words, language: str, *, yes: bool = False) -> None:
        self._words, self.language, self._yes = words, language, yes
        self._terminal = sys.stdin.isatty()

    @property
    def hurried(self) -> bool:
        """Whether nobody is asked anything."""
        return self._yes

    def text(self, key: str, **fields: object) -> str:
        """The words of that key."""
        return self._words.say(self.language, f"init.{key}", **fields)

    def reason(self, why: str) -> str:
        """Why something is held or left out, in words."""
        return Say(self._words, self.language).reason(why)

    def say(self, key: str, **fields: object) -> None:
        """One line, or several, to read."""
        print(self.text(key, **fields), flush=True)

    def tell(self, line: object) -> None:
        """Somebody else's words, indented."""
        print(f"  {line}", flush=True)

    def ask(self, key: str, default: str = "", **fields: object) -> str:
        """The answer on one line, or the default where it is empty."""
        if self._yes:
            return default
        shown = f" [{default}]" if default else ""
        return self._line(f"  {self.text(key, **fields)}{shown}: ") or default

    def secret(self, key: str, **fields: object) -> str:
        """The answer, not shown while it is typed; "" with `yes`, because no secret has a default."""
        if self._yes:
            return ""
        prompt = f"  {self.text(key, **fields)}: "
        if not self._terminal:
            return self._line(prompt)
        return getpass.getpass(prompt).strip()

    def agrees(self, key: str, *, default: bool = True, **fields: object) -> bool:
        """Yes or no."""
        if self._yes:
            return default
        while True:
            said = self._line(f"  {self.text(key, **fields)} [{'Y/n' if default else 'y/N'}]: ").casefold()
            if not said:
                return default
            if said in YES | NO:
                return said in YES
            self.say("yes_or_no")

    def until(self, ask: Callable[[], str], check: Callable[[str], object | None]) -> str:
        """Ask again until the check finds nothing to say; with `yes` its complaint ends the command."""
        while True:
            said = ask()
            if (complaint := check(said)) is None:
                return said
            if self._yes:
                raise Quit(str(complaint), 2)
            self.tell(complaint)

    def once(self, given: str, check: Callable[[str], object | None]) -> str:
        """An answer that came as an option. Raises Quit with the check's complaint."""
        if (complaint := check(given)) is not None:
            raise Quit(str(complaint), 2)
        return given

    def _line(self, prompt: str) -> str:
        """One line of stdin. Raises Quit where it has ended: nobody is there to answer."""
        if self._terminal:
            try:
                return input(prompt).strip()
            except EOFError:
                raise KeyboardInterrupt from None  # Ctrl-D means the same as Ctrl-C here
        print(prompt, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise Quit(self.text("ended"), 2)
        return line.strip()


def talk(words: Words, *, yes: bool) -> Talk:
    """The conversation in the terminal's language."""
    return Talk(words, language(os.environ), yes=yes)
