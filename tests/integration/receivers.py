"""Receivers on this machine: an HTTP server, and a mail server that speaks as much SMTP as smtplib needs."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import cast


@dataclass(frozen=True)
class Received:
    """One HTTP request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpReceiver:
    """Answers each POST with the next of `statuses`, then with 200; `gate` holds answers back. Redirects lead to
    `location`."""

    requests: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    location: str = ""
    port: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                start, *lines = head.strip().split("\r\n")
                headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status = self.statuses.pop(0) if self.statuses else 200
                self.requests.append(Received(start.split(" ")[1], headers, body))
                await self.gate.wait()
                location = f"Location: {self.location}\r\n" if self.location else ""
                writer.write(f"HTTP/1.1 {status} X\r\n{location}Content-Length: 2\r\n\r\nok".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def http_receiver(*statuses: int) -> AsyncIterator[HttpReceiver]:
    receiver = HttpReceiver(statuses=list(statuses))
    receiver.gate.set()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.gate.set()
        server.close()


@dataclass
class MailReceiver:
    """Keeps every mail."""

    mails: list[EmailMessage] = field(default_factory=list)
    port: int = 0
    farewell: str = "221 bye"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 here")
        try:
            while line := (await reader.readline()).decode().strip():
                match line.split(" ")[0].upper():
                    case "EHLO":
                        say("250-here")
                        say("250 AUTH PLAIN")
                    case "AUTH":
                        say("235 welcome")
                    case "DATA":
                        say("354 go on")
                        await writer.drain()
                        raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5]
                        parsed = email.message_from_bytes(raw, policy=email.policy.default)
                        self.mails.append(cast(EmailMessage, parsed))
                        say("250 taken")
                    case "QUIT":
                        say(self.farewell)
                        break
                    case _:
                        say("250 fine")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def mail_receiver() -> AsyncIterator[MailReceiver]:
    receiver = MailReceiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
