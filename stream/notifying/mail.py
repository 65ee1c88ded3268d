"""Handing a mail to a server, and telling apart how that ended.

The mail is the server's once it has answered 250 to the end of the data (RFC 5321, 4.2.5 and 6.1). A connection that
breaks before that answer leaves it open whether it was taken; the mail is then sent again under the same Message-ID,
by which mailboxes know that it is the one they have.
"""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from smtplib import SMTP, SMTP_SSL, SMTPException, SMTPResponseException
from typing import Final

from core.mail_server import MailServer
from storage.alerting.notice_channels import Channel
from storage.alerting.notifications import Message
from stream.notifying.outcome import TAKEN, Outcome, in_a_line

PATIENCE_S: Final = 10.0
"""Wall seconds without an answer after which an attempt is given up."""


def send_mail(
    server: MailServer, sender: str, channel: Channel, message: Message, *, patience_s: float = PATIENCE_S
) -> Outcome:
    """Make one attempt to hand a mail in."""
    content = _on_the_wire(sender, channel.address, message)
    try:
        with _connected(server, patience_s) as smtp:
            return _handed_in(smtp, parseaddr(sender)[1], channel.address, content)
    except SMTPResponseException as error:
        return Outcome("not_taken", f"{server.host}:{server.port}: {error.smtp_code} {in_a_line(error.smtp_error)}")
    except (SMTPException, OSError) as error:
        why = in_a_line(error) or type(error).__name__
        return Outcome("not_taken", f"{server.host}:{server.port}: {why}")


@contextmanager
def _connected(server: MailServer, patience_s: float) -> Iterator[SMTP]:
    """Give a session in which mails may be handed in; what is left undone at its end was not taken."""
    smtp: SMTP
    if server.security == "smtps":
        context = ssl.create_default_context()
        smtp = SMTP_SSL(server.host, server.port, timeout=patience_s, context=context)
    else:
        smtp = SMTP(server.host, server.port, timeout=patience_s)
    try:
        if server.security == "starttls":
            smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo_or_helo_if_needed()
        if server.user:
            smtp.login(server.user, server.password)
        yield smtp
        with suppress(SMTPException, OSError):
            smtp.quit()
    finally:
        smtp.close()


def _handed_in(smtp: SMTP, sender: str, recipient: str, content: bytes) -> Outcome:
    code, said = smtp.mail(sender)
    if code != 250:
        raise SMTPResponseException(code, said)
    code, said = smtp.rcpt(recipient)
    if code not in {250, 251}:
        return _declined(code, said)
    code, said = smtp.docmd("DATA")
    if code != 354:
        return _declined(code, said)
    smtp.send(content)  # without its last line the server has nothing yet
    try:
        smtp.send(b".\r\n")
        code, said = smtp.getreply()
    except (SMTPException, OSError) as error:
        return Outcome("unclear", f"the server broke off without an answer: {in_a_line(error)}")
    return TAKEN if code == 250 else _declined(code, said)


def _declined(code: int, said: bytes) -> Outcome:
    return Outcome("refused" if 500 <= code < 600 else "not_taken", f"{code} {in_a_line(said)}")


def _on_the_wire(sender: str, recipient: str, message: Message) -> bytes:
    """Return the lines of a mail, dots doubled, without the dot that ends them; the same for each attempt."""
    mail = EmailMessage(policy=WIRE.clone(cte_type="7bit"))
    mail["Subject"] = message.subject
    mail["From"] = sender
    mail["To"] = recipient
    mail["Date"] = format_datetime(message.made_at)
    mail["Message-ID"] = f"<{message.key}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return re.sub(rb"(?m)^\.", b"..", mail.as_bytes())
