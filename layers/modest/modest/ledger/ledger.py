"""The ledger: every call is admitted, judged, settled.

Admitting counts a call by one conditional write that no number of parallel calls can pass. Settling books what it costs
by one more. A call that crashes in between stays counted and is never charged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from modest.accounts.records import RATE_KEY
from modest.allowance import Allowance
from modest.ledger.callers import CallerLookup
from modest.ledger.entries import AdmittedCall, admitted_at, count_call, entry_of, month_item_key, tally_of, used
from modest.ledger.idempotency import MAX_STORED_BYTES, Answer, Record, Repeatable
from modest.ledger.usage import Usage, UsageReader
from modest.money import Terms
from modest.months import month_of
from modest.plans import Plan, Plans
from modest.prices import Charge
from modest.refusals import IdempotencyInProgress, IdempotencyMismatch, LedgerUnavailable, QuotaExceeded, UnknownKey
from modest.store.retries import Deadline, RetryPolicy
from modest.store.table import ConditionFailed, Item, Table, Update, Write


@dataclass(frozen=True, slots=True)
class Admission:
    call: AdmittedCall
    allowance: Allowance
    terms: Terms
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """The same call was answered already; it is not counted again."""

    answer: Answer
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class KeyUsage:
    usage: Usage
    plan: Plan
    allowance: Allowance


class Ledger:
    def __init__(
        self,
        table: Table,
        plans: Plans,
        *,
        lease: timedelta,
        retries: RetryPolicy | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """lease: how long a call may be under way; after it, one with the same Idempotency-Key may begin."""
        self._table = table
        self._lease = lease
        self._retries = retries or RetryPolicy()
        self._now = now
        self._callers = CallerLookup(table, plans, self._retries)
        self._usage = UsageReader(table, retries=self._retries)

    def warm_up(self) -> None:
        """Makes the connection before the first call needs it. A failure shows then, not now."""
        try:
            self._retries.run(lambda: self._table.read([RATE_KEY]))
        except LedgerUnavailable:
            return

    def admit(self, key_hash: str, request_id: str, repeatable: Repeatable | None = None) -> Admission | Replay:
        """Raises UnknownKey, QuotaExceeded, IdempotencyInProgress, IdempotencyMismatch, LedgerUnavailable."""
        now = self._now()
        deadline = self._retries.deadline()
        account_id = self._callers.account_id(key_hash, deadline)
        month = month_item_key(account_id, month_of(now))
        record = Record.of(account_id, repeatable, request_id) if repeatable else None
        caller = self._callers.caller(key_hash, now, deadline, [month, *([record.key] if record else [])])
        month_item = caller.items.get(month)
        allowance = Allowance(caller.plan.quota, used(month_item), now)

        may_go_on = allowance.remaining or admitted_at(month_item, request_id)
        try:
            answer = record.answer_in(caller.items.get(record.key), now) if record else None
            if record and not answer and may_go_on:
                answer = self._claim(record, now, deadline)
        except (IdempotencyInProgress, IdempotencyMismatch) as refusal:
            refusal.allowance = allowance
            raise
        if answer:
            return Replay(answer, allowance)
        if not may_go_on:
            raise QuotaExceeded(allowance)

        update = count_call(account_id, request_id, caller.plan.quota, now, month_item)
        try:
            month_item = self._count(update, deadline)
        except LedgerUnavailable:
            self._give_back(record, now, deadline)
            raise
        allowance = Allowance(caller.plan.quota, used(month_item), now)
        moment = admitted_at(month_item, request_id)
        if moment is None:
            self._give_back(record, now, deadline)
            raise QuotaExceeded(allowance)
        call = AdmittedCall(account_id, request_id, key_hash, caller.plan.name, moment, number=allowance.used)
        return Admission(call, allowance, caller.terms, record)

    def settle(self, admission: Admission, outcome: str, charge: Charge, answer: Answer | None = None) -> None:
        """Books the charge.

        outcome: for the entry; "ok", or the code of the error that the call ended with.
        answer: what a repetition of the call is to be told; without one it is judged anew.

        Raises LedgerUnavailable, and IdempotencyInProgress where the call took so long that another one has
        taken its place: then nothing is booked.
        """
        call, record = admission.call, admission.record
        entry = entry_of(call, outcome, charge)
        writes: list[Write] = [entry, tally_of(call, charge)]
        if record:
            kept = answer if answer and len(answer.body) <= MAX_STORED_BYTES else None
            writes.append(record.keep(kept, call.admitted_at) if kept else record.free(call.admitted_at))
        try:
            self._retries.run(lambda: self._table.write(writes))
        except ConditionFailed as failed:
            if entry.key not in failed.found:
                raise IdempotencyInProgress from None

    def usage(self, key_hash: str) -> KeyUsage:
        """Of the present month, whether or not anything is left of it. Raises UnknownKey, LedgerUnavailable."""
        now = self._now()
        caller = self._callers.caller(key_hash, now, self._retries.deadline())
        usage = self._usage.usage(caller.account.id, month_of(now))
        if usage is None:
            raise UnknownKey
        return KeyUsage(usage, caller.plan, Allowance(caller.plan.quota, usage.used, now))

    def _claim(self, record: Record, now: datetime, deadline: Deadline) -> Answer | None:
        """The answer that another call has left meanwhile, or None: the record is ours."""
        try:
            self._retries.run(lambda: self._table.write([record.claim(now, self._lease)]), deadline)
        except ConditionFailed as failed:
            answer = record.answer_in(failed.found.get(record.key), now)
            if answer is None:
                raise IdempotencyInProgress from None
            return answer
        return None

    def _count(self, update: Update, deadline: Deadline) -> Item:
        """The month's item, which knows this call if it was counted, by this attempt or an earlier one."""
        try:
            return self._retries.run(lambda: self._table.update(update), deadline)
        except ConditionFailed as failed:
            return failed.found.get(update.key, {})

    def _give_back(self, record: Record | None, now: datetime, deadline: Deadline) -> None:
        if record is None:
            return
        try:
            self._retries.run(lambda: self._table.write([record.free(now)]), deadline)
        except (ConditionFailed, LedgerUnavailable):
            return  # it runs out by itself
