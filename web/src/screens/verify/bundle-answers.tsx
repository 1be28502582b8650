// What verifying a bundle came to: one line for each question, what it does not prove, every check.
import { Alert, Card, Table } from "antd";
import { visible } from "~/api/content";
import { answerOf, type Check, QUESTIONS, type Question, type State } from "~/verify/bundle";
import { useWords } from "~/words/words";

const MAX_SHOWN = 2_000;
const MAX_CHARS = 400;
const UNPROVED = ["later", "truth", "who", "when", "lawful"] as const;
const shown = (text: string) => visible(text.slice(0, MAX_CHARS)).replaceAll("\n", "[U+000A]");

function useSaid(): (check: Pick<Check, "said" | "values" | "sides">) => string {
  const { t } = useWords();
  return ({ said, values, sides }) => {
    const safe = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? shown(value) : value]),
    );
    if (sides && sides.length > 0)
      return sides
        .map((side) =>
          t("verify.side", { who: shown(side.who), how: t(`verify.how.${side.how}`, { by: shown(side.by) }) }),
        )
        .join("；");
    return t(said, safe);
  };
}

const MARKS: Record<State | "partly", string> = { ok: "✓", failed: "✗", partly: "◐", not_checked: "–", erased: "∅" };

export function Answer({ of }: { of: State | "partly" }) {
  const { t } = useWords();
  return (
    <strong className={`verify-answer verify-${of}`}>
      <span aria-hidden="true">{MARKS[of]}</span> {t(`verify.answers.${of}`)}
    </strong>
  );
}

export function BundleAnswers({ name, checks }: { name: string; checks: Check[] }) {
  const { t } = useWords();
  const said = useSaid();
  const isBad = checks.some((check) => check.state === "failed");
  const inOrder = [...checks].sort((one, two) => Number(two.state === "failed") - Number(one.state === "failed"));

  const line = (question: Question) => {
    const own = checks.filter((check) => (QUESTIONS[question] as readonly string[]).includes(check.code));
    const answer = answerOf(checks, question);
    // Of an answer that is partly, what is open is told.
    const told =
      own.find((check) => check.state === answer) ??
      own.find((check) => check.state === "not_checked") ??
      own.find((check) => check.state === "erased");
    const ok = own.filter((check) => check.state === "ok").length;
    return {
      question,
      answer,
      // Of many that are all right, one says nothing about the others.
      detail: !told
        ? t("verify.impossible")
        : answer === "ok" && own.length > 1
          ? t("verify.count", { ok, all: own.length })
          : t("verify.of", { ok, all: own.length, what: said(told) }),
    };
  };

  return (
    <>
      <Alert
        type={isBad ? "error" : "success"}
        showIcon
        role="alert"
        title={shown(name)}
        description={t(isBad ? "verify.bad" : "verify.good")}
      />
      <Table
        rowKey="question"
        size="middle"
        pagination={false}
        dataSource={(Object.keys(QUESTIONS) as Question[]).map(line)}
        columns={[
          {
            key: "question",
            title: t("verify.question"),
            width: "34%",
            render: (_, row) => t(`verify.questions.${row.question}`),
          },
          { key: "answer", title: t("verify.answer"), width: 140, render: (_, row) => <Answer of={row.answer} /> },
          {
            key: "detail",
            title: t("verify.detail"),
            render: (_, row) => <span className="verify-text">{row.detail}</span>,
          },
        ]}
      />
      <Card size="small" title={t("verify.unproven")}>
        <ul className="verify-list">
          {UNPROVED.map((one) => (
            <li key={one}>{t(`verify.unproved.${one}`)}</li>
          ))}
        </ul>
      </Card>
      <details className="verify-every" open={isBad}>
        <summary>{t("verify.every", { count: checks.length })}</summary>
        <Table
          rowKey={(row) => `${row.code} ${row.subject}`}
          size="small"
          pagination={inOrder.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
          dataSource={inOrder.slice(0, MAX_SHOWN)}
          columns={[
            { key: "code", title: t("verify.check"), width: "28%", render: (_, row) => t(`verify.codes.${row.code}`) },
            { key: "state", title: t("verify.answer"), width: 130, render: (_, row) => <Answer of={row.state} /> },
            {
              key: "subject",
              title: t("verify.subject"),
              width: "20%",
              render: (_, row) => (
                <span className="verify-text">{row.subject === "bundle" ? t("verify.whole") : shown(row.subject)}</span>
              ),
            },
            {
              key: "detail",
              title: t("verify.detail"),
              render: (_, row) => <span className="verify-text">{said(row)}</span>,
            },
          ]}
        />
        {inOrder.length > MAX_SHOWN && (
          <p className="quiet">{t("verify.hidden", { count: inOrder.length - MAX_SHOWN })}</p>
        )}
      </details>
    </>
  );
}
