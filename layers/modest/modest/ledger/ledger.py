"""The ledger: every call is admitted, judged and settled.

Admitting counts a call with one conditional write, which no number of parallel calls can get past. Settling records
what the call costs with one more, its entry, from which everything that is owed follows. A call that crashes in between
stays counted and is never charged.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from modest.accounts.records import RATE_KEY, Account
from modest.allowance import Allowance
from modest.ledger.admission import Admission, Decision, Found, Proceed, Replay, admission_of, allowance_of, decide
from modest.ledger.callers import CallerLookup
from modest.ledger.chain import ChainWriter, is_behind, is_due
from modest.ledger.entries import write_entry
from modest.ledger.idempotency import MAX_STORED_BYTES, Answer, Record, Repeatable
from modest.ledger.month import MonthCounter, month_item_key
from modest.ledger.seals import Seals
from modest.ledger.timing import longest_call
from modest.ledger.usage import Usage, UsageReader
from modest.months import begun_month, month_of
from modest.plans import Plans
from modest.prices import Charge
from modest.refusals import IdempotencyInProgress, LedgerUnavailable, NotAdmitted, UnknownKey
from modest.store.retries import Deadline, RetryPolicy
from modest.store.table import ConditionFailed, Item, Table, Write


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """A month of the account that a key belongs to."""

    usage: Usage
    plan: str | None
    """The last plan in that month. None if the account held none."""
    quota: int | None
    """The calls a month that this plan includes now. None if it is no longer sold."""
    allowance: Allowance
    """What is left of the present month, or of the key's calls if they are fewer, whichever month was asked about."""


class ImagesNotCounted(Exception):
    """Raised if a call's images must be counted before it can be admitted."""


class Ledger:
    def __init__(
        self,
        table: Table,
        plans: Plans,
        *,
        lease: timedelta,
        digests_kept: timedelta = timedelta(0),
        retries: RetryPolicy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """
        lease: how long a call may hold its Idempotency-Key. After that, a repetition of the call may begin.
        digests_kept: how long the digests of judged images can be read. By default, none are kept.
        """
        self._table = table
        self._lease = lease
        self._retries = retries or RetryPolicy()
        self._now = now
        self.plans = plans
        self._callers = CallerLookup(table, plans, self._retries)
        self._seals = Seals(table, self._retries, digests_kept)
        self._counter = MonthCounter(table, self._retries, now)
        self._longest_call = longest_call(timedelta(seconds=self._retries.longest_seconds))
        self._chain = ChainWriter(table, self._retries, now)
        self._usage = UsageReader(table, retries=self._retries)

    def warm_up(self) -> None:
        """Makes the connection before the first call needs it. A failure is left for that call to report."""
        with suppress(LedgerUnavailable):
            self._retries.run(lambda: self._table.read([RATE_KEY]))

    def admit(
        self, key_hash: str, request_id: str, repeatable: Repeatable | None = None, images: int | None = 0
    ) -> Admission | Replay:
        """Counts a call, or finds the answer that it got before.

        key_hash: the hex SHA-256 of the caller's key.
        request_id: the call's own; no other call's, because it names the call's entry.
        repeatable: the call's Idempotency-Key and content, if it carries a key.
        images: how many distinct ones it sends, if they are charged one by one; None if nobody has counted them yet.

        Raises UnknownKey, QuotaExceeded, KeyLimitExceeded, IdempotencyInProgress, IdempotencyMismatch,
        LedgerUnavailable; and ImagesNotCounted, before anything is written, if the key's limits depend on them.
        """
        deadline = self._retries.deadline()
        found = self._look_up(key_hash, request_id, repeatable, images or 0, deadline)
        decision = decide(found)
        if isinstance(decision, Proceed) and images is None and found.caller.key.limits.usd is not None:
            raise ImagesNotCounted
        if isinstance(decision, Proceed) and found.record:
            decision = self._claim(found.record, found, deadline)
        match decision:
            case Replay():
                return decision
            case NotAdmitted():
                raise decision
            case Proceed():
                return self._count(found, deadline)

    def settle(
        self,
        admission: Admission,
        outcome: str,
        charge: Charge,
        answer: Answer | None = None,
        *,
        judged_by: Item | None = None,
        digests: Sequence[bytes] = (),
    ) -> None:
        """Writes the call's entry. A call is settled once.

        outcome: "ok", or the code of the error that the call ended with.
        answer: what a repetition of the call gets. Without one, or if it is longer than MAX_STORED_BYTES, a repetition
            is judged and charged as a new call.
        judged_by: the policy and cuts that explain its verdicts later, if it was judged.
        digests: the SHA-256 of each image that was judged.

        Raises LedgerUnavailable; and IdempotencyInProgress if the call outlived its lease and another one has claimed
        its Idempotency-Key, in which case nothing is charged.
        """
        call, record = admission.call, admission.record
        late = self._now() - call.admitted_at > self._longest_call
        sealed = admission.seal.apply(call.request_id, digests) if admission.seal else []
        entry = write_entry(call, outcome, charge, judged_by or {}, sealed, late=late)
        writes: list[Write] = [entry]
        if record:
            kept = answer if answer and len(answer.body) <= MAX_STORED_BYTES else None
            writes.append(record.keep(kept, call.admitted_at) if kept else record.free(call.admitted_at))
        try:
            self._retries.run(lambda: self._table.write(writes))
        except ConditionFailed as failed:
            # If the entry exists, an earlier attempt of this very write was carried out.
            if entry.key not in failed.found:
                raise IdempotencyInProgress(admission.allowance) from None
        if is_due(call.number):
            self._extend_chain(call.account_id, call.month)

    def last_known_account(self, key_hash: str) -> Account | None:
        """Returns the account as it was at the last call with this key. None if there was none in this process."""
        return self._callers.last_known_account(key_hash)

    def usage(self, key_hash: str, month: str | None = None) -> KeyUsage:
        """Returns the usage of a month, by default of the present one, even if that is used up.

        Raises UnknownKey, NotAMonth, LedgerUnavailable.
        """
        now, deadline = self._now(), self._retries.deadline()
        present = month_item_key(self._callers.account_id(key_hash, deadline), month_of(now))
        caller = self._callers.caller(key_hash, now, deadline, also=[present])
        usage = self._usage.usage(caller.account.id, month_of(now) if month is None else begun_month(month, now))
        if usage is None:
            raise UnknownKey
        if is_behind(usage.unlinked):
            self._extend_chain(usage.account.id, usage.month)
        name = usage.account.last_plan_in(usage.month)
        plan = self.plans.get(name or "")
        allowance = allowance_of(caller, caller.items.get(present, {}), now)
        return KeyUsage(usage, name, plan.quota if plan else None, allowance)

    def _look_up(
        self, key_hash: str, request_id: str, repeatable: Repeatable | None, images: int, deadline: Deadline
    ) -> Found:
        """Raises UnknownKey, LedgerUnavailable."""
        now = self._now()
        account_id = self._callers.account_id(key_hash, deadline)
        month_key = month_item_key(account_id, month_of(now))
        record = Record.of(account_id, repeatable, request_id) if repeatable else None
        caller = self._callers.caller(key_hash, now, deadline, also=[month_key, record.key] if record else [month_key])
        return Found(
            request_id=request_id,
            key_hash=key_hash,
            now=now,
            caller=caller,
            month_item=caller.items.get(month_key, {}),
            record=record,
            record_item=caller.items.get(record.key) if record else None,
            images=images,
            seal=self._seals.of(now, deadline),
        )

    def _claim(self, record: Record, found: Found, deadline: Deadline) -> Decision:
        """Returns Proceed if the call has the record to itself, or else what the other call's record decides."""
        try:
            self._retries.run(lambda: self._table.write([record.claim(found.now, self._lease)]), deadline)
        except ConditionFailed as failed:
            decision = decide(replace(found, record_item=failed.found.get(record.key)))
            return IdempotencyInProgress(found.allowance) if isinstance(decision, Proceed) else decision
        return Proceed()

    def _count(self, found: Found, deadline: Deadline) -> Admission:
        """Raises NotAdmitted, LedgerUnavailable; a call that is not counted gives its Idempotency-Key back."""
        account, plan = found.caller.account, found.caller.plan
        try:
            counted = self._counter.count(
                account.id, plan.quota, found.counter, found.now, found.month_item, deadline=deadline
            )
            return admission_of(found, counted)
        except (NotAdmitted, LedgerUnavailable):
            if found.record:
                self._give_back(found.record, found.now, deadline)
            raise

    def _extend_chain(self, account_id: str, month: str) -> None:
        # If this fails, the next call whose turn it is makes up for it.
        with suppress(LedgerUnavailable):
            self._chain.extend(account_id, month)

    def _give_back(self, record: Record, now: datetime, deadline: Deadline) -> None:
        # If this fails, the record is free once the lease has run out.
        with suppress(ConditionFailed, LedgerUnavailable):
            self._retries.run(lambda: self._table.write([record.free(now)]), deadline)
