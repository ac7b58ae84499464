"""Refusals: a rule that says no is a class that carries its sentence.

The parent, the agent and the log read the same words.
"""


class Refusal(Exception):
    """A rule said no. ``sentences`` are what the person reads, in French, all reasons at once."""

    sentence = "Cette opération n’est pas possible."
    status = 409

    def __init__(self, *sentences: str):
        self.sentences = list(sentences) or [self.sentence]
        super().__init__(" ".join(self.sentences))


class Busy(Refusal):
    """The database was too busy even after the retries; nothing was changed."""

    sentence = "Beaucoup de personnes utilisent le portail en ce moment. Rien n’a été enregistré : merci de réessayer."
    status = 503


class StalePage(Refusal):
    """The form was not made for this person or this act, or is too old."""

    sentence = "Cette page a été ouverte il y a trop longtemps. Rechargez-la, puis recommencez."
    status = 409


def told_on(form, action, /, **arguments):
    """Run an action for a form: return what it answers, True for nothing; None when it refuses.

    A refusal is told on top of the form. A stale page is a page of its own: StalePage passes.
    """
    try:
        return action(**arguments) or True
    except StalePage:
        raise
    except Refusal as refusal:
        form.add_error(None, refusal.sentences)
        return None


def told_to_agent(request, form, action, /, **arguments):
    """The same for the page of an agent, who acts with the key of the page; what they typed stays, on a stale page too."""
    key = request.POST.get("once_key", "")
    try:
        return action(agent=request.user, key=key, **arguments) or True
    except Refusal as refusal:
        form.add_error(None, refusal.sentences)
        return None
