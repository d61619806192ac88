"""E-mail over SMTP. Messages of one alert are one conversation; the id of each is the same at every attempt."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime

from services.common.clock import Clock, to_datetime
from services.notifier.domain.delivery import Attempt, Outcome
from services.notifier.domain.letter import Letter
from services.notifier.domain.message import Severity
from services.notifier.settings import SmtpOptions

_IMPORTANCE = {Severity.INFO: "low", Severity.WARNING: "normal", Severity.CRITICAL: "high"}


class Mail:
    """Sends to some addresses through the notifier's mail server."""

    def __init__(self, smtp: SmtpOptions, addresses: tuple[str, ...], timeout_seconds: float, clock: Clock) -> None:
        self._smtp = smtp
        self._addresses = addresses
        self._timeout = timeout_seconds
        self._clock = clock

    async def send(self, letter: Letter) -> Attempt:
        mail = message_of(letter, self._smtp.sender, self._addresses)
        mail["Date"] = format_datetime(to_datetime(self._clock.now()))
        return await asyncio.to_thread(self._hand_over, mail)

    def _hand_over(self, mail: EmailMessage) -> Attempt:
        """Nothing has been sent before the server took the message's text."""
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            return _failed(error, Outcome.REFUSED)
        try:
            refused = server.send_message(mail, self._smtp.sender, self._addresses)
        except (OSError, smtplib.SMTPException) as error:
            return _failed(error, Outcome.UNCERTAIN)
        finally:
            _leave(server)
        detail = f"not taken for {len(refused)} of {len(self._addresses)} addresses" if refused else ""
        return Attempt(Outcome.DELIVERED, detail, detail or f"taken by {self._smtp.host}")

    def _connected(self) -> smtplib.SMTP:
        smtp, context = self._smtp, ssl.create_default_context()
        if smtp.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=self._timeout, context=context)
        else:
            server = smtplib.SMTP(smtp.host, smtp.port, timeout=self._timeout)
        try:
            if smtp.security == "starttls":
                server.starttls(context=context)
            if smtp.username:
                server.login(smtp.username, smtp.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server


def message_of(letter: Letter, sender: str, addresses: tuple[str, ...]) -> EmailMessage:
    """The mail, without its date."""
    domain = sender.rpartition("@")[2].strip("> ")
    thread = f"<{letter.thread}@{domain}>"
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(addresses)
    mail["Subject"] = letter.title
    mail["Message-ID"] = f"<{letter.key}@{domain}>"
    mail["References"] = thread
    mail["In-Reply-To"] = thread
    mail["Importance"] = _IMPORTANCE[letter.severity]
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text())
    return mail


def _leave(server: smtplib.SMTP) -> None:
    """What the server says to a farewell changes nothing about the mail."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


def _failed(error: Exception, otherwise: Outcome) -> Attempt:
    """An SMTP reply of 4xx may be repeated, one of 5xx not (RFC 5321, section 4.2.1)."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = min((code for code, _ in error.recipients.values()), default=550)
    elif isinstance(error, smtplib.SMTPResponseException):
        code = error.smtp_code
    else:
        return Attempt(otherwise, type(error).__name__)
    return Attempt(Outcome.REFUSED if 400 <= code < 500 else Outcome.REJECTED, f"SMTP {code}")
