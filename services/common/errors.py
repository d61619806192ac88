"""What can go wrong for a caller. Edges turn these into HTTP and gRPC statuses; nothing else reaches a caller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldViolation:
    """One thing wrong with one field: its path (`usage.input_tokens`), and how to mend it."""

    field: str
    description: str


class ApiError(Exception):
    """Base of every error a caller may see. `code` is the canonical gRPC code's name."""

    code = "INTERNAL"
    http_status = 500

    def __init__(
        self, message: str, *, violations: Sequence[FieldViolation] = (), retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.violations = tuple(violations)
        self.retry_after_seconds = retry_after_seconds


class InvalidArgumentError(ApiError):
    """The request itself is wrong, whatever the state of the system."""

    code, http_status = "INVALID_ARGUMENT", 400

    @classmethod
    def of(cls, field: str, description: str) -> InvalidArgumentError:
        """One wrong field."""
        return cls(f"{field}: {description}", violations=[FieldViolation(field, description)])


class UnauthenticatedError(ApiError):
    """No API key, or not one of ours."""

    code, http_status = "UNAUTHENTICATED", 401


class PermissionDeniedError(ApiError):
    """The key's role does not allow this."""

    code, http_status = "PERMISSION_DENIED", 403


class NotFoundError(ApiError):
    """No such resource in the caller's tenant."""

    code, http_status = "NOT_FOUND", 404


class MethodNotAllowedError(ApiError):
    """There is such a resource, but not this verb of it."""

    code, http_status = "UNIMPLEMENTED", 405


class AlreadyExistsError(ApiError):
    """The name is taken."""

    code, http_status = "ALREADY_EXISTS", 409


class AbortedError(ApiError):
    """Somebody else changed it first (etag): read again and retry."""

    code, http_status = "ABORTED", 409


class FailedPreconditionError(ApiError):
    """The state of the resource forbids it; a retry does not help until that changes."""

    code, http_status = "FAILED_PRECONDITION", 400


class PayloadTooLargeError(ApiError):
    """More bytes or items than the limit."""

    code, http_status = "INVALID_ARGUMENT", 413


class UnsupportedMediaTypeError(ApiError):
    """A content type this endpoint does not read."""

    code, http_status = "INVALID_ARGUMENT", 415


class UnprocessableError(ApiError):
    """Well-formed, but nothing in it can be accepted."""

    code, http_status = "INVALID_ARGUMENT", 422


class ResourceExhaustedError(ApiError):
    """Over a rate or quota: retry after a while."""

    code, http_status = "RESOURCE_EXHAUSTED", 429


class UnavailableError(ApiError):
    """Something we depend on is away: retry."""

    code, http_status = "UNAVAILABLE", 503
