// What an event says, in sentences: who in which role, what, by which definition, what was given with it.
import type { Goods, Matter, Party, Procedure, Task } from "~/api/shapes";
import { GivenView } from "~/parts/given";
import { useNames } from "~/parts/names";
import type { MessageKey } from "~/words/keys";
import { useWords } from "~/words/words";
import { goodsLabel, labelOf } from "./fields";
import { changed, type Done, type Entry, type Kept } from "./log-events";
import { useTerms } from "./terms";
import { masked } from "./typed";

export interface Sentence {
  /** The main clause, as text: it is what search finds. */
  head: string;
  lines: { text: string; isLoud?: boolean }[];
  /** Entries of the ledger that it is about. */
  about: string[];
}

export function useSentences(definition: Procedure): (entry: Entry) => Sentence {
  const words = useWords();
  const { t, pick, instant } = words;
  const names = useNames();
  const steps = useStepWords();
  const find = (of: { id: string; name: { zh: string; en: string } }[], id: string | undefined) =>
    pick(of.find((one) => one.id === id)?.name) || (id ?? "");
  const no = (number: number | undefined) => t("log.number", { number: number ?? "?" });

  const actLines = (entry: Entry, what: Entry["what"] & { of: "act" }): Sentence => {
    const role = definition.role.find((one) => one.id === entry.role);
    const who = role
      ? t("log.from_role", { who: names.person(entry.by), role: pick(role.name) })
      : names.person(entry.by);
    const { body } = what;
    const act = find(definition.act, what.act);
    const of = no(what.proposal);
    const values = { who, act, of, reason: body.kind === "rejected" ? body.reason : "" };
    const lines: Sentence["lines"] = [];
    const line = (text: string) => lines.push({ text });
    if (entry.with.length > 0) line(t("log.say.with", { who: entry.with.map((one) => names.person(one)).join("、") }));
    if (body.kind === "opened") {
      line(t("log.say.stage_to", { to: find(definition.stage, body.to) }));
      if (body.parent) line(t("log.say.parent"));
    }
    if (body.kind === "acted") {
      if (body.from !== body.to)
        line(t("log.say.stage", { from: find(definition.stage, body.from), to: find(definition.stage, body.to) }));
      if (body.proposal) line(t("log.say.by_proposal", { of }));
      if (body.given?.supersedes) line(t("log.say.corrects", { of: no(body.given.supersedes) }));
      if (body.given?.happened_instead) line(t("log.say.instead", { at: instant(body.given.happened_instead) }));
      if (body.notices?.length) {
        const to = body.notices.map((one) => find([...definition.role, ...definition.counterpart], one.to));
        line(t("log.say.notified", { to: [...new Set(to)].join("、") }));
      }
      if (body.opens?.length)
        line(t("log.say.opens", { what: body.opens.map((one) => names.procedure(one)).join("、") }));
    }
    if (body.kind === "acted" || body.kind === "opened") {
      const open = (body.made ?? []).filter((one) => !body.given?.papers?.[one]);
      if (open.length > 0)
        line(t("log.say.made", { papers: open.map((one) => find(definition.paper, one)).join("、") }));
    }
    return { head: t(`log.say.${body.kind}`, values), lines, about: [] };
  };

  const keptLines = (who: string, now: Kept, before: Kept | undefined, agency: string): string[] => {
    const said: string[] = [];
    if (now.title !== before?.title) said.push(t("log.say.title", { who, title: now.title }));
    if (JSON.stringify(now.handlers) !== JSON.stringify(before?.handlers ?? [])) {
      const people = now.handlers.map((one) => names.person(`${agency}/${one}`)).join("、");
      said.push(people ? t("log.say.handlers", { who, people }) : t("log.say.nobody", { who }));
    }
    if (now.unit !== before?.unit)
      said.push(
        now.unit ? t("log.say.unit", { who, unit: names.unit(agency, now.unit) }) : t("log.say.no_unit", { who }),
      );
    if (JSON.stringify(now.named ?? null) !== JSON.stringify(before?.named ?? null))
      said.push(t("log.say.named", { who }));
    return said.length > 0 ? said : [t("log.say.kept", { who })];
  };

  return (entry) => {
    const { what } = entry;
    const who = names.person(entry.by);
    switch (what.of) {
      case "act":
        return actLines(entry, what);
      case "platform": {
        const [head = "", ...rest] = keptLines(who, what.kept, what.before, entry.by.split("/")[0] ?? "");
        return { head, lines: rest.map((text) => ({ text })), about: [] };
      }
      case "ledger":
        return {
          head: t("log.say.ledger", { who, count: what.done.length }),
          lines: what.done.flatMap(steps),
          about: what.done.flatMap((one) => (one.id ? [one.id] : [])),
        };
      default:
        return { head: t("log.say.unknown", { who: who || "–" }), lines: [], about: [] };
    }
  };
}

/** A step of the ledger as one line, with what it changed below. */
function useStepWords(): (done: Done) => Sentence["lines"] {
  const { t, day, maybe } = useWords();
  const terms = useTerms();
  const names = useNames();
  const shown = (field: string, value: unknown): string => {
    if (value === undefined || value === null || value === "") return t("log.step.nothing");
    if (field === "roles") return (value as string[]).map((one) => terms.name("party_role", one)).join("、");
    if (field === "identifiers") return (value as { number: string }[]).map((one) => masked(one.number)).join("、");
    // Numbers of people are masked here as they are on the list.
    if (field === "contacts") return (value as string[]).map(masked).join("、");
    if (field === "address") return masked(String(value));
    if (field === "measure") return terms.name("measure", String(value));
    if (field === "price") return `${(value as { each_fen: number }).each_fen / 100}`;
    if (Array.isArray(value)) return value.map(String).join("、");
    return typeof value === "object" ? JSON.stringify(value) : String(value);
  };
  const fieldName = (of: "party" | "goods" | "task", field: string) => {
    const key = { identifiers_despite: "despite", price: "each", title: "what", remark: "remark" }[field] ?? field;
    return maybe(`ledger.${of}.${key}`, maybe(`ledger.${key}`, field));
  };
  const differences = (of: "party" | "goods" | "task", before: object | undefined, after: object) =>
    changed(before, after).map((field) => ({
      text: t("log.step.changed", {
        field: fieldName(of, field),
        before: shown(field, (before as Record<string, unknown> | undefined)?.[field]),
        after: shown(field, (after as Record<string, unknown>)[field]),
      }),
    }));
  return ({ step, id = "", before }) => {
    const say = (values: Record<string, string | number>) => ({
      text: t(`log.step.${step.do}` as MessageKey, { id, ...values }),
    });
    switch (step.do) {
      case "add_party":
        return [say({ name: labelOf(step.party), roles: shown("roles", step.party.roles) })];
      case "correct_party":
        return [say({ name: labelOf(step.party), why: step.why }), ...differences("party", before, step.party)];
      case "withdraw_party":
        return [say({ name: before ? labelOf(before as Party) : "", why: step.why })];
      case "add_goods":
        return [
          say({
            name: goodsLabel(step.goods),
            quantity: step.goods.quantity,
            unit: step.goods.unit,
            measure: terms.name("measure", step.goods.measure),
          }),
        ];
      case "correct_goods":
        return [say({ name: goodsLabel(step.goods), why: step.why }), ...differences("goods", before, step.goods)];
      case "withdraw_goods":
        return [say({ name: before ? goodsLabel(before as Goods) : "", why: step.why })];
      case "move_goods": {
        const { movement } = step;
        const unit = (before as Goods | undefined)?.unit ?? "";
        return [
          say({
            lot: step.lot,
            kind: terms.name("movement_kind", movement.kind),
            quantity: movement.quantity === undefined ? "" : ` ${movement.quantity} ${unit}`,
            giver: movement.giver,
            receiver: movement.receiver,
            place: movement.place,
            on: day(movement.on),
          }),
          ...(movement.irregular ? [{ text: t("log.step.irregular", { why: movement.irregular }), isLoud: true }] : []),
        ];
      }
      case "add_task":
      case "change_task":
        return [
          say({ name: step.task.title }),
          ...(step.do === "change_task" ? differences("task", before, step.task) : []),
        ];
      case "end_task":
        return [
          say({ name: (before as Task | undefined)?.title ?? "", how: terms.name("task_end", step.how) }),
          ...(step.note ? [{ text: step.note }] : []),
        ];
      case "reopen_task":
        return [say({ name: (before as Task | undefined)?.title ?? "", why: step.why })];
      case "judge_match":
        return [
          say({
            suspect: step.suspect,
            work: step.work,
            verdict: maybe(`log.verdict.${step.verdict}`, names.person(step.verdict)),
          }),
          ...(step.reason ? [{ text: step.reason }] : []),
        ];
      default:
        return [{ text: t("log.step.other", { what: JSON.stringify(step) }) }];
    }
  };
}

/** Facts, papers and agencies that were given with an event. */
export function GivenOf({ entry, matter, definition }: { entry: Entry; matter: Matter; definition: Procedure }) {
  if (entry.what.of !== "act") return null;
  const { body } = entry.what;
  const given =
    body.kind === "supplied"
      ? { facts: body.facts, papers: body.papers }
      : "given" in body && body.given
        ? { ...body.given }
        : undefined;
  return given ? <GivenView given={given} definition={definition} matter={matter} /> : null;
}
