"""Refusals in the words of Stripe."""


class ApiError(Exception):
    """An answer that is not 200. ``begun``: the work had begun, so that a repeated key gets the same refusal again."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        begun: bool = False,
    ):
        super().__init__(message)
        self.status, self.begun = status, begun
        said = {"code": code, "message": message, "param": param, "type": type}
        self.body = {"error": {name: value for name, value in said.items() if value is not None}}


def missing(kind: str, id: str, param: str = "id") -> ApiError:
    """There is no such object."""
    return ApiError(404, f"No such {kind.replace('.', '_')}: '{id}'", code="resource_missing", param=param)


def lacking(param: str) -> ApiError:
    return ApiError(400, f"Missing required param: {param}.", code="parameter_missing", param=param)


def unsound(param: str, message: str, code: str | None = None) -> ApiError:
    return ApiError(400, message, code=code, param=param)
