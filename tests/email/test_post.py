"""Mail without a wire: the same words and the same exceptions as over one."""

import asyncio

import pytest

from channels.email.post import ACCEPTED, Envelope, PostFailure, PostInHand, PostRefused, Reply, Unreached

MAIL = Envelope("mia@customer.example", ("help@support.example",), b"Subject: hello\r\n\r\n")


async def test_a_mail_is_handed_over():
    got: list[Envelope] = []

    async def take(envelope: Envelope) -> Reply:
        got.append(envelope)
        return ACCEPTED

    await PostInHand(take).deliver(MAIL, timeout_s=1)
    assert got == [MAIL]


@pytest.mark.parametrize(("code", "is_permanent"), [(421, False), (550, True)])
async def test_a_refusal_is_raised(code: int, is_permanent: bool):
    async def take(_: Envelope) -> Reply:
        return Reply(code, "5.1.1 no")

    with pytest.raises(PostRefused) as caught:
        await PostInHand(take).deliver(MAIL, timeout_s=1)
    assert (caught.value.code, caught.value.text, caught.value.permanent) == (code, "5.1.1 no", is_permanent)


async def test_whom_nobody_admits_gets_no_copy_and_without_the_first_nobody_does():
    got: list[Envelope] = []

    async def take(envelope: Envelope) -> Reply:
        got.append(envelope)
        return ACCEPTED

    no = Reply(550, "5.1.1 no")
    way = PostInHand(take, lambda _, recipient: no if recipient == "tom@elsewhere.example" else None)
    mia, tom = "mia@customer.example", "tom@elsewhere.example"
    assert await way.deliver(Envelope("", (mia, tom), MAIL.raw), timeout_s=1) == (Unreached(tom, no),)
    with pytest.raises(PostRefused) as caught:
        await way.deliver(Envelope("", (tom, mia), MAIL.raw), timeout_s=1)
    assert got == [Envelope("", (mia,), MAIL.raw)] and caught.value.of_recipient


async def test_no_reply_in_time_means_it_may_have_arrived():
    async def take(_: Envelope) -> Reply:
        await asyncio.Event().wait()
        return ACCEPTED

    with pytest.raises(PostFailure) as caught:
        await PostInHand(take).deliver(MAIL, timeout_s=0)
    assert caught.value.may_have_arrived


def test_a_reply_reads_as_on_the_wire():
    assert str(Reply(250, "2.0.0 OK")) == "250 2.0.0 OK"
