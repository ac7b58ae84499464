"""A question that a lower app asks and that upper apps answer, registered in their ``AppConfig.ready()``."""


class Hook:
    """``register(fn)`` adds an answer, calling the hook returns all answers."""

    def __init__(self):
        self.answers = []

    def register(self, answer):
        """Add an answer, once; usable as a decorator."""
        if answer not in self.answers:
            self.answers.append(answer)
        return answer

    def __call__(self, **question) -> list:
        return [answer(**question) for answer in self.answers]
