"""What readers get, by a second reading of the rules, and how well their keywords are met."""
