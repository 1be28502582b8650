#!/usr/bin/env python3
"""Two hundred timelines and what must come out of them, worked out apart from the engine.

Prints the JSON that stands beside it as timelines.json; standard library only, fixed seed.

Nothing here reads the rule files or the calendar files. The holidays are those of
NateScarlet/holiday-cn (commit d4e53bf), the second source of the calendar; the terms of the
periods were written down again from the table of law facts and the articles; and every end is
found by going forward one day at a time, which the engine does not do.
"""

import json
import random
from datetime import date, datetime, timedelta, timezone

SEED = 20261122
DAY = timedelta(days=1)
CHINA = timezone(timedelta(hours=8))
FIRST, LAST = 2019, 2026
PROVISIONAL = date(2026, 12, 26)

# Year: (days off, weekend days that are worked), as month and day.
NOTICES = {
    2019: ("0101 0204-0210 0405 0501-0504 0607 0913 1001-1007",
           "0202-0203 0428 0505 0929 1012"),
    2020: ("0101 0124-0202 0404-0406 0501-0505 0625-0627 1001-1008",
           "0119 0426 0509 0628 0927 1010"),
    2021: ("0101-0103 0211-0217 0403-0405 0501-0505 0612-0614 0919-0921 1001-1007",
           "0207 0220 0425 0508 0918 0926 1009"),
    2022: ("0101-0103 0131-0206 0403-0405 0430-0504 0603-0605 0910-0912 1001-1007 1231",
           "0129-0130 0402 0424 0507 1008-1009"),
    2023: ("0101-0102 0121-0127 0405 0429-0503 0622-0624 0929-1006",
           "0128-0129 0423 0506 0625 1007-1008"),
    2024: ("0101 0210-0217 0404-0406 0501-0505 0610 0915-0917 1001-1007",
           "0204 0218 0407 0428 0511 0914 0929 1012"),
    2025: ("0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008",
           "0126 0208 0427 0928 1011"),
    2026: ("0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007",
           "0104 0214 0228 0509 0920 1010"),
}


def days_of(year, text):
    for part in text.split():
        first, _, last = part.partition("-")
        at = date(year, int(first[:2]), int(first[2:]))
        end = date(year, int((last or first)[:2]), int((last or first)[2:]))
        while at <= end:
            yield at
            at += DAY


OFF = {d for year, (off, _) in NOTICES.items() for d in days_of(year, off)}
MADE_UP = {d for year, (_, up) in NOTICES.items() for d in days_of(year, up)}


def known(day):
    return FIRST <= day.year <= LAST


def worked(day):
    if day in MADE_UP:
        return True
    return day not in OFF and day.isoweekday() <= 5


# The terms of the periods, written down again. unit: d days, w working days, m months, y years, h hours.
# last: what a last day that is not worked does (M moves, O open). other: may be working days.
# ext: the most that extensions add, or "any". pause: may stand still; the events that stop it.
ADJ = ("adjudication_suspended_on", "adjudication_resumed_on")
OBSTACLE = ("obstacle_began_on", "obstacle_removed_on")
REVIEW = ("reverse_review_suspended_on", "reverse_review_resumed_on")


def terms(start, end, unit, n, last="O", other=False, ext=None, pause=None, before=False, hour=None):
    return dict(start=start, end=end, unit=unit, n=n, last=last, other=other, ext=ext, pause=pause,
                before=before, hour=hour)


RULES = {
    "tr.decide": terms("report_received_on", "approved_at", "d", 3, other=True),
    "tr.police.decide": terms("police_accepted_at", "filed_on", "d", 3, "M", True),
    "tr.recon.ask": terms("no_filing_notice_received_on", "reconsideration_asked_on", "d", 3, other=True),
    "tr.recon.decide": terms("reconsideration_asked_on", "reconsideration_decided_on", "d", 3, "M", True),
    "tr.handover": terms("filing_notice_received_on", "goods_handed_over_on", "d", 3, other=True),
    "tr.reasons": terms("reasons_requested_on", "reasons_given_on", "d", 7, "M", True),
    "tr.order": terms("filing_order_received_on", "filed_on", "d", 15, "M", True),
    "tr.complainant.recon": terms("complainant_notified_on", "complainant_reconsideration_asked_on", "d", 7,
                                  "M", True),
    "tr.complainant.recon.decide": terms("complainant_reconsideration_asked_on",
                                         "complainant_reconsideration_decided_on", "d", 30, "M", True,
                                         ext=("d", 30)),
    "tr.hand": terms("approved_at", "transferred_at", "h", 24, hour="O"),
    "tr.supplement.ask": terms("police_accepted_at", "supplement_asked_at", "h", 24, hour="N"),
    "rev.move": terms("non_prosecution_decided_on", "moved_to_administrative_prosecutors_on", "w", 3),
    "rev.review": terms("reverse_case_registered_on", "reverse_reviewed_on", "w", 10, ext="any", pause=REVIEW),
    "adm.decide": terms("case_filed_on", "penalty_decided_on", "d", 90),
    "adm.serve": terms("penalty_announced_on", "penalty_served_on", "w", 7),
    "adm.limit": terms("act_ended_on", "act_discovered_on", "y", 2),
    "cn/administrative-penalty/art-64-ask-hearing": terms("penalty_notice_given_on", "penalty_hearing_asked_on",
                                                          "w", 5),
    "cn/administrative-penalty/art-64-notify-hearing": terms("penalty_hearing_on", "penalty_hearing_notified_on",
                                                             "w", 7, before=True),
    "adj.major.accept": terms("adjudication_asked_on", "adjudication_accepted_on", "w", 5),
    "adj.major.serve": terms("adjudication_filed_on", "adjudication_request_served_on", "w", 5),
    "adj.major.reply": terms("adjudication_request_served_on", "defence_submitted_on", "d", 15, other=True),
    "adj.major.forward": terms("defence_received_on", "defence_forwarded_on", "w", 5),
    "adj.major.hearing": terms("oral_hearing_on", "oral_hearing_notified_on", "d", 5, before=True),
    "adj.major.close": terms("adjudication_filed_on", "adjudication_decided_on", "m", 3, pause=ADJ),
    "adj.local.close": terms("adjudication_filed_on", "adjudication_decided_on", "m", 3, ext=("m", 2), pause=ADJ),
    "adj.sue": terms("adjudication_decision_received_on", "administrative_suit_filed_on", "d", 15, "M",
                     pause=OBSTACLE),
    "copy.reg": terms("registration_papers_complete_on", "registration_decided_on", "m", 1),
    "agency.licence": terms("agency_application_accepted_on", "agency_licence_decided_on", "d", 20, other=True),
    "foreign.review": terms("foreign_office_applied_on", "foreign_office_decided_on", "m", 3),
    "cn/reconsideration/art-20-apply": terms("administrative_act_known_on",
                                             "administrative_reconsideration_applied_on", "d", 60, "M",
                                             pause=OBSTACLE),
    "cn/reconsideration/art-62-decide": terms("administrative_reconsideration_accepted_on",
                                              "administrative_reconsideration_concluded_on", "d", 60, "M",
                                              ext=("d", 30)),
    "cn/administrative-litigation/art-46-sue": terms("administrative_act_known_on",
                                                     "administrative_suit_filed_on", "m", 6, "M",
                                                     pause=OBSTACLE),
    "cn/civil-procedure/art-171-appeal-judgment": terms("civil_judgment_served_on", "civil_judgment_appealed_on",
                                                        "d", 15, "M"),
    "cn/criminal-procedure/art-230-appeal-judgment": terms("criminal_judgment_served_on",
                                                           "criminal_judgment_appealed_on", "d", 10, "M"),
}
# First days of the versions that this table was written from.
IN_FORCE = {
    "rev.": date(2024, 11, 26), "adj.local": date(2025, 2, 1), "adj.": date(2021, 6, 1), "adm.": date(2021, 7, 15),
    "cn/administrative-penalty": date(2021, 7, 15), "tr.": date(2020, 9, 1), "foreign": date(2022, 1, 7),
    "cn/reconsideration": date(2024, 1, 1), "cn/civil": date(2022, 1, 1),
}


def in_force_from(rule):
    for prefix, day in IN_FORCE.items():
        if rule.startswith(prefix):
            return day
    return date(2019, 2, 1)


def month_end(year, month):
    return (date(year + month // 12, month % 12 + 1, 1) - DAY).day


def add_months(day, months):
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, month_end(year, month)))


class Walk:
    """Goes forward a day at a time and remembers what was not known."""

    def __init__(self, start, pauses, cautious=False):
        self.at, self.pauses, self.cautious = start, pauses, cautious
        self.missing = self.stands = False

    def paused(self, day):
        for first, last in self.pauses:
            if first <= day and last is None:
                self.stands = True
            elif first <= day and day <= last:
                return True
        return False

    def go(self, unit, n):
        if unit == "y":
            unit, n = "m", 12 * n
        if unit == "m":
            unit, n = "d", (add_months(self.at, n) - self.at).days
        while n > 0:
            self.at += DAY
            if self.paused(self.at):
                continue
            if unit == "d":
                n -= 1
            elif not known(self.at):
                self.missing = True
                n -= 1
            elif worked(self.at) or (self.cautious and self.at >= PROVISIONAL):
                n -= 1


def walk(start, pauses, legs):
    joined = []
    for unit, n in legs:
        if joined and joined[-1][0] == unit == "m":
            joined[-1] = ("m", joined[-1][1] + n)
        else:
            joined.append((unit, n))
    missing = False
    for cautious in (False, True):
        way = Walk(start, pauses, cautious)
        for unit, n in joined:
            way.go(unit, n)
        # The notice that is missing may still turn the last weekend of the year before into working days.
        missing = way.missing = missing or way.missing
        if not missing:
            break
    return way


def moved(way):
    while known(way.at) and not worked(way.at):
        way.at += DAY
    if not known(way.at):
        way.missing = True
    return way


def extended(rule, start, pauses, extensions):
    legs, over = [(rule["unit"], rule["n"])], False
    if rule["unit"] == "y":
        legs = [("m", 12 * rule["n"])]
    for unit, n, on in sorted(extensions, key=lambda e: e[2]):
        if not rule["ext"]:
            continue
        now = walk(start, pauses, legs)
        if rule["last"] == "M":
            now = moved(now)
        if on < start or (on > now.at and not now.missing and not now.stands):
            continue
        longer = legs + [(unit, n)]
        if rule["ext"] != "any":
            most = legs[:1] + [rule["ext"]]
            if walk(start, pauses, longer).at > walk(start, pauses, most).at:
                legs, over = most, True
                continue
        legs = longer
    return legs, over


def expect(rule, start, at, pauses, extensions, done):
    """What must come out; `start` is a day, `at` an instant or None, `done` a day, an instant or None."""
    out = dict(state="running", due_on=None, due_at=None, not_before=None)
    if rule["unit"] == "h":
        return expect_hours(rule, start, at, done, out)
    if rule["before"]:
        day, left = start, rule["n"]
        while left:
            day -= DAY
            left -= 1 if rule["unit"] == "d" or worked(day) else 0
        out["due_on"] = day
        if done:
            out["state"] = "late" if done > day else "done"
        return out
    legs, over = extended(rule, start, pauses, extensions)
    way = walk(start, pauses, legs)
    if rule["last"] == "M":
        way = moved(way)
    if way.stands:
        out.update(state="suspended", not_before=way.at)
    elif way.missing:
        out.update(state="calendar_missing", not_before=way.at)
    else:
        out["due_on"] = way.at
    if over:
        out["state"] = "over_extended"
    elif done and done < start:
        out["state"] = "done_unclear"
    elif done and way.stands:
        out["state"] = "done"
    elif done and way.missing:
        out["state"] = "done" if done <= way.at else "done_unclear"
    elif done:
        out["state"] = "late" if done > way.at else "done"
    if rule["other"]:
        way = walk(start, pauses, [("w", rule["n"])] + legs[1:])
        out["working_days"] = None if way.missing or way.stands else way.at
    if rule["last"] == "O" and rule["unit"] != "w":
        strict, later = walk(start, pauses, legs), moved(walk(start, pauses, legs))
        if not later.missing and not later.stands and later.at != strict.at:
            out["moved_last_day"] = later.at
    return out


def expect_hours(rule, start, at, done, out):
    if at is None:
        due = start
        for _ in range(0, rule["n"], 24):
            due += DAY
        out["due_on"] = due
        if done:
            out["state"] = "done_unclear" if done == due else "late" if done > due else "done"
            if done < start:
                out["state"] = "done_unclear"
        return out
    begins = at
    if rule["hour"] == "N":
        begins = at.replace(minute=0, second=0) + timedelta(hours=1)
    due = begins
    for _ in range(rule["n"]):
        due += timedelta(hours=1)
    out.update(due_at=due, due_on=due.date())
    if done:
        out["state"] = "late" if done > due else "done"
    return out


def crosses_a_make_up_day(start, end):
    """Whether a public holiday and a make-up day lie between the event and the last day."""
    if end is None:
        return False
    first, last = min(start, end), max(start, end)
    inside = [first + i * DAY for i in range((last - first).days + 1)]
    return any(d in MADE_UP for d in inside) and any(d in OFF and d.isoweekday() <= 5 for d in inside)


class Maker:
    def __init__(self):
        self.random = random.Random(SEED)
        self.cases = []

    def between(self, first, last):
        return first + self.random.randrange((last - first).days + 1) * DAY

    def near_a_make_up_day(self, rule, before=12):
        first = in_force_from(rule)
        days = sorted(d for d in MADE_UP if d - DAY * before >= first)
        return self.random.choice(days) - DAY * self.random.randrange(1, before)

    def add(self, kind, rule_id, start, at=None, pauses=(), by_events=False, extensions=(), done=None):
        rule = RULES[rule_id]
        events = {rule["start"]: at.isoformat() if at else start.isoformat()}
        timeline = {"rule": rule_id, "events": events}
        written = []
        for first, last in pauses:
            if by_events and not written and rule["pause"][0] not in events:
                events[rule["pause"][0]] = first.isoformat()
                if last:
                    events[rule["pause"][1]] = (last + DAY).isoformat()
            else:
                pause = {"rule": rule_id, "from": first.isoformat(), "reason": "中止"}
                if last:
                    pause["to"] = last.isoformat()
                written.append(pause)
        if written:
            timeline["suspensions"] = written
        units = {"d": "days", "w": "working_days", "m": "months"}
        if extensions:
            timeline["extensions"] = [
                {"rule": rule_id, units[unit]: n, "reason": "案情复杂", "granted_by": "负责人", "on": on.isoformat()}
                for unit, n, on in extensions
            ]
        if done:
            events[rule["end"]] = done.isoformat()
        result = expect(rule, start, at, sorted(pauses, key=lambda p: p[0]), list(extensions), done)
        crosses = crosses_a_make_up_day(start, result["due_on"])
        printed = {}
        for name, value in result.items():
            if isinstance(value, datetime):
                value = value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
            elif isinstance(value, date):
                value = value.isoformat()
            printed[name] = value
        name = f"{len(self.cases) + 1:03} {kind}: {rule_id}"
        self.cases.append({"name": name, "crosses_make_up_day": crosses, "timeline": timeline, "expect": printed})

    def fresh(self, make):
        """Tries again until the period lies inside the years that the table knows."""
        while True:
            kept = len(self.cases)
            make()
            if self.cases[-1]["expect"]["state"] != "calendar_missing":
                return
            del self.cases[kept:]

    def make(self):
        pick = self.random.choice
        working = ["rev.move", "rev.review", "adm.serve", "adj.major.accept", "adj.major.serve", "adj.major.forward",
                   "cn/administrative-penalty/art-64-ask-hearing"]
        for _ in range(64):
            rule = pick(working)
            self.fresh(lambda: self.add("working days", rule, self.near_a_make_up_day(rule)))
        calendar = ["tr.decide", "tr.police.decide", "tr.recon.ask", "tr.recon.decide", "tr.handover", "tr.reasons",
                    "tr.order", "tr.complainant.recon", "adj.major.reply", "adj.sue", "agency.licence",
                    "cn/civil-procedure/art-171-appeal-judgment", "cn/criminal-procedure/art-230-appeal-judgment"]
        for _ in range(40):
            rule = pick(calendar)
            self.fresh(lambda: self.add("calendar days", rule, self.near_a_make_up_day(rule, 20)))
        for rule, start in [
            ("copy.reg", "2020-01-30"), ("copy.reg", "2024-01-31"), ("copy.reg", "2023-01-29"),
            ("copy.reg", "2024-02-29"), ("foreign.review", "2023-11-30"), ("foreign.review", "2022-11-29"),
            ("adj.major.close", "2023-11-29"), ("adj.major.close", "2021-08-31"), ("adm.limit", "2024-02-29"),
            ("adm.limit", "2022-02-28"), ("cn/administrative-litigation/art-46-sue", "2023-08-31"),
            ("cn/administrative-litigation/art-46-sue", "2019-08-30"),
            ("cn/administrative-litigation/art-46-sue", "2024-04-01"), ("adj.local.close", "2025-05-31"),
            ("adm.decide", "2024-07-05"), ("adm.decide", "2023-11-20"),
        ]:
            self.add("month ends and leap days", rule, date.fromisoformat(start))
        for i in range(24):
            rule = ["rev.review", "adj.major.close", "adj.local.close", "adj.sue",
                    "cn/reconsideration/art-20-apply", "cn/administrative-litigation/art-46-sue"][i % 6]
            self.fresh(lambda: self.suspended(rule, i))
        for i in range(22):
            rule = ["adj.local.close", "cn/reconsideration/art-62-decide", "rev.review",
                    "tr.complainant.recon.decide"][i % 4]
            self.fresh(lambda: self.extension(rule, i))
        for i in range(12):
            self.hours(i)
        for i in range(8):
            rule = ["adj.major.hearing", "cn/administrative-penalty/art-64-notify-hearing"][i % 2]
            event = self.near_a_make_up_day(rule) + 12 * DAY
            done = event - DAY * self.random.randrange(3, 16) if i > 3 else None
            self.add("before an event", rule, event, done=done)
        for rule, start, done in [
            ("adm.serve", "2026-12-24", None), ("rev.review", "2026-12-18", None), ("rev.review", "2026-12-18", "2026-12-29"),
            ("rev.review", "2026-12-18", "2027-01-08"), ("adj.sue", "2026-12-20", None), ("rev.move", "2026-12-30", None),
            ("tr.decide", "2026-12-30", None), ("adj.major.accept", "2026-12-29", "2026-12-31"),
        ]:
            self.add("calendar missing", rule, date.fromisoformat(start), done=done and date.fromisoformat(done))
        while len(self.cases) < 200:
            rule = pick(working + calendar)
            self.fresh(lambda: self.add("done or late", rule, *self.with_done(rule)))
        return self.cases

    def with_done(self, rule):
        start = self.near_a_make_up_day(rule)
        length = RULES[rule]["n"]
        return start, None, (), False, (), start + DAY * self.random.randrange(-1, 2 * length + 8)

    def suspended(self, rule, i):
        start = self.near_a_make_up_day(rule, 30)
        first = start + DAY * self.random.randrange(-3, 12)
        last = first + DAY * self.random.randrange(0, 25)
        if i % 8 == 7:
            last = None
        pauses = [(first, last)]
        if i % 3 == 0 and last:
            again = last + DAY * self.random.randrange(1, 6)
            pauses.append((again, again + DAY * self.random.randrange(0, 9)))
        self.add("suspended", rule, start, pauses=pauses, by_events=i % 2 == 0)

    def extension(self, rule, i):
        start = self.near_a_make_up_day(rule, 40)
        more = {"adj.local.close": [("m", 1), ("m", 2), ("m", 3), ("d", 45)],
                "cn/reconsideration/art-62-decide": [("d", 30), ("d", 20), ("d", 31), ("w", 15)],
                "rev.review": [("w", 5), ("w", 10), ("d", 7), ("w", 3)],
                "tr.complainant.recon.decide": [("d", 15), ("d", 30), ("d", 40), ("d", 10)]}[rule]
        unit, n = more[i // 4 % 4]
        near = {"adj.local.close": 80, "rev.review": 9, "tr.complainant.recon.decide": 25}.get(rule, 50)
        on = start + DAY * near
        extensions = [(unit, n, on)]
        if i % 5 == 4:
            extensions.append((unit, n, on + DAY))
        if i % 7 == 6:
            extensions = [(unit, n, start + 400 * DAY)]
        pauses = []
        if RULES[rule]["pause"] and i % 4 == 0:
            pauses = [(start + 10 * DAY, start + 14 * DAY)]
        self.add("extended", rule, start, pauses=pauses, extensions=extensions)

    def hours(self, i):
        rule = ["tr.hand", "tr.supplement.ask"][i % 2]
        day = self.near_a_make_up_day(rule)
        if i % 4 == 0:
            self.add("hours from a day", rule, day, done=day + DAY * self.random.randrange(0, 3))
            return
        clock = timedelta(hours=self.random.randrange(24), minutes=self.random.randrange(60))
        at = datetime(day.year, day.month, day.day, tzinfo=CHINA) + clock
        done = at + timedelta(hours=self.random.randrange(20, 28), minutes=self.random.randrange(60))
        self.add("hours", rule, day, at=at, done=done if i % 3 else None)


def main():
    cases = Maker().make()
    assert len(cases) == 200
    assert sum(case["crosses_make_up_day"] for case in cases) >= 60
    print(json.dumps(cases, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
