// A complaint (投诉举报), one group of questions a page; the address says which, so that back is back.
//
// Invariant: what is typed is a draft in this browser until the server has it; filing goes on where it broke off.
import { Alert, Button, Steps } from "antd";
import { useEffect, useRef, useState } from "react";
import { useLocation, useNavigate, useSearchParams } from "react-router";
import { onceKey } from "~/api/client";
import { filed } from "~/api/place";
import { explain } from "~/api/problem";
import { touched, useAgencies, useFilings, useSession } from "~/api/queries";
import { filesOutside } from "~/app/navigation";
import { useDraft } from "~/parts/draft";
import { Page } from "~/parts/page";
import { uploads } from "~/parts/uploads";
import { FilingReceipt } from "~/screens/filings/receipt";
import { today } from "~/words/format";
import { useWords } from "~/words/words";
import { type Answers, type Fault, type Field, faults, NO_ANSWERS, STEPS, type Step } from "./answers";
import { CheckPage, useRows, useTitle } from "./check";
import { setChosen, useChosen } from "./chosen-files";
import { fieldId } from "./field";
import { enterParties, fileOutside, isRefusedKey, open, written } from "./filing";
import { type PageProps, RightPage, useFaultWords, WherePage, WhoPage } from "./pages-of";
import { Receipt } from "./receipt";
import "./intake.css";

export function Component() {
  const [asked] = useSearchParams();
  const { data: who } = useSession();
  const receipt = asked.get("receipt");
  if (!receipt) return <Complaint />;
  return filesOutside(who) ? <FilingReceipt id={receipt} /> : <Receipt id={receipt} />;
}

const PAGES = { right: RightPage, where: WherePage, who: WhoPage } as const;

function Complaint() {
  const { t, day } = useWords();
  const navigate = useNavigate();
  const { hash } = useLocation();
  const [asked] = useSearchParams();
  const { data: who } = useSession();
  const { data: agencies } = useAgencies();
  const [of, keep, clear, isRestored] = useDraft<Answers>("intake", NO_ANSWERS);
  const isOutside = filesOutside(who);
  // Whoever complained before most likely complains there again; it can be chosen anew.
  const { data: earlier } = useFilings(isOutside);
  const answers = { ...NO_ANSWERS, ...of };
  if (isOutside) answers.agency ||= earlier?.pages[0]?.filings[0]?.agency ?? "";
  else answers.agency = "";
  const chosen = useChosen();
  const [shown, setShown] = useState<Fault[]>([]);
  const [error, setError] = useState<unknown>();
  const [isSending, setSending] = useState(false);
  const [isGoingOn, setGoingOn] = useState(true);
  const summary = useRef<HTMLDivElement>(null);
  const rows = useRows(answers, true);
  const title = useTitle(answers);
  const faultWords = useFaultWords();

  const step: Step = STEPS.find((one) => one === asked.get("step")) ?? "right";
  const all = faults(answers, chosen.length, isOutside);
  // A fault goes when its answer is set right, and none comes while somebody still types.
  const seen = shown.filter((one) => all.some((now) => now.field === one.field && now.what === one.what));

  const set = (change: Partial<Answers>) => keep({ ...answers, key: answers.key || onceKey(), ...change });
  const faultOf = (field: Field) => {
    const found = seen.find((one) => one.field === field);
    return found && faultWords(found);
  };

  // biome-ignore lint/correctness/useExhaustiveDependencies: a page that is opened is read from its head, or from the answer to change
  useEffect(() => {
    const wanted = hash ? document.getElementById(hash.slice(1)) : null;
    if (wanted) wanted.focus();
    else window.scrollTo(0, 0);
  }, [step, hash]);
  useEffect(() => {
    if (shown.length > 0) summary.current?.focus();
  }, [shown]);

  const goTo = (next: Step) => {
    setError(undefined);
    navigate(`?step=${next}`);
  };
  const next = () => {
    const here = all.filter((one) => one.step === step);
    setShown(here);
    if (here.length > 0) return;
    if (step !== "check") goTo(STEPS[STEPS.indexOf(step) + 1] ?? "check");
    else if (all.length > 0) setShown(all);
    else void file();
  };

  const file = async () => {
    setSending(true);
    setError(undefined);
    const sent = { ...answers, key: answers.key || onceKey() };
    keep(sent);
    try {
      const place = t("intake.letter_place", { day: day(today()) });
      const matter = isOutside ? await fileOutside(sent, title, place) : await open(sent, title, place);
      keep({ ...sent, opened: matter.id });
      if ("owner_agency" in matter) await enterParties(sent, matter);
      const at = isOutside ? filed(matter.id) : matter.id;
      const text = rows.map((row) => `${row.label}: ${row.value.includes("\n") ? "\n" : ""}${row.value}`);
      const letter = [`${t("frame.nav.intake")} ${matter.number}`, title, ...text].join("\r\n");
      uploads.add(at, [
        ...written(sent, { name: t("intake.letter_file"), text: letter }, t("intake.list_file")),
        ...chosen,
      ]);
      setChosen([]);
      clear();
      touched(at);
      navigate(`?receipt=${matter.id}`, { replace: true });
    } catch (failed) {
      // The answers were changed after an answer of the server got lost: they are another complaint now.
      if (isRefusedKey(failed)) keep({ ...sent, key: onceKey() });
      setError(failed);
    } finally {
      setSending(false);
    }
  };
  const beginAnew = () => {
    clear();
    setChosen([]);
    keep(NO_ANSWERS);
    setGoingOn(false);
    setShown([]);
    goTo("right");
  };

  const props: PageProps = {
    of: answers,
    set,
    faultOf,
    agencies: isOutside ? (agencies ?? []).map((one) => one.code).filter((code) => code !== who?.agency) : undefined,
  };
  const Questions = step === "check" ? undefined : PAGES[step];
  return (
    <Page title={t("frame.nav.intake")}>
      <form
        className="stack intake"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          next();
        }}
      >
        <Steps
          size="small"
          current={STEPS.indexOf(step)}
          onChange={(at) => goTo(STEPS[at] ?? "right")}
          items={STEPS.map((one) => ({ title: t(`intake.steps.${one}`) }))}
        />
        {isRestored && isGoingOn && !answers.opened && (
          <Alert
            type="info"
            showIcon
            title={t("intake.restored")}
            action={
              <Button size="small" onClick={beginAnew}>
                {t("intake.anew")}
              </Button>
            }
          />
        )}
        {answers.opened && <Alert type="warning" showIcon title={t("intake.half")} />}
        {seen.length > 0 && (
          <div ref={summary} tabIndex={-1} role="alert" className="intake-summary">
            <h2>{t("intake.summary")}</h2>
            <ul>
              {seen.map((one) => (
                <li key={`${one.field}/${one.what}`}>
                  <a
                    href={`?step=${one.step}#${fieldId(one.field)}`}
                    onClick={(event) => {
                      event.preventDefault();
                      navigate(`?step=${one.step}#${fieldId(one.field)}`);
                      document.getElementById(fieldId(one.field))?.focus();
                    }}
                  >
                    {t("intake.fault_of", { field: t(`intake.${one.field}`), what: faultWords(one) })}
                  </a>
                </li>
              ))}
            </ul>
          </div>
        )}
        <h2>{t(`intake.heads.${step}`)}</h2>
        {Questions ? <Questions {...props} /> : <CheckPage of={answers} set={set} faultOf={faultOf} />}
        {error !== undefined && <Alert type="error" showIcon role="alert" title={explain(error)} />}
        <div className="row">
          <Button type="primary" size="large" htmlType="submit" loading={isSending}>
            {t(step === "check" ? "intake.file" : "intake.next")}
          </Button>
          {step !== "right" && (
            <Button size="large" onClick={() => goTo(STEPS[STEPS.indexOf(step) - 1] ?? "right")}>
              {t("intake.back")}
            </Button>
          )}
          <span className="quiet">{t("intake.kept")}</span>
        </div>
      </form>
    </Page>
  );
}
