// Review of matches (比对复核): one pair at a time beside the list, judged by a key, every verdict stored before it is shown.
import { Alert, Button, Input, App as Messages } from "antd";
import { type ComponentType, lazy, Suspense, useEffect, useMemo, useRef, useState } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { explain } from "~/api/problem";
import { useMatter } from "~/api/queries";
import { Empty, Loading, Shown } from "~/parts/broken";
import { Page } from "~/parts/page";
import { useWords } from "~/words/words";
import { ChoiceBar, useChoice } from "./choice";
import { Compare } from "./compare";
import { Facts, History } from "./facts";
import { type KeyAct, KeyHelp, useKeys } from "./keys";
import { PairList } from "./list";
import { chosen, judge, type Matches, nextOpen, type Pair, useMatches, type Verdict } from "./matches";
import { type PairProps, PLAY } from "./pair";
import { VerdictTag } from "./verdict-tag";
import "./review.css";

const PANES: Record<string, ComponentType<PairProps>> = {
  audio: lazy(() => import("./pair-audio")),
  video: lazy(() => import("./pair-film")),
  image: lazy(() => import("./pair-image")),
  text: lazy(() => import("./pair-text")),
  code: lazy(() => import("./pair-text")),
};

export function Component() {
  const { t } = useWords();
  const { id = "" } = useParams();
  const matter = useMatter(id);
  const matches = useMatches(id);
  const number = matter.data?.number;
  return (
    <Page
      title={number ? t("review.of_matter", { number }) : t("review.title")}
      actions={<Link to={`/matters/${id}/matches`}>{t("review.back")}</Link>}
    >
      <Shown of={matches}>
        {(data) =>
          data.report && data.matches.length > 0 ? (
            <Review matter={id} of={data} report={data.report.id} />
          ) : (
            <div className="stack">
              <Empty>{t(data.report ? "review.nothing" : "review.none")}</Empty>
              <div className="row centred">
                <Compare matter={id} hasReport={data.report !== null} />
              </div>
            </div>
          )
        }
      </Shown>
    </Page>
  );
}

interface Done {
  index: number;
  was: Verdict;
  reason: string;
}

function Review({ matter, of, report }: { matter: string; of: Matches; report: string }) {
  const { t, compare } = useWords();
  const { message } = Messages.useApp();
  const [choice, change] = useChoice();
  const [asked, ask] = useSearchParams();
  const pairs = useMemo(() => chosen(of.matches, choice, compare), [of.matches, choice, compare]);
  const wanted = asked.get("m");
  const shown = of.matches.find((pair) => `${pair.index}` === wanted) ?? pairs.find(isOpen) ?? pairs[0];
  const place = shown ? pairs.findIndex((pair) => pair.index === shown.index) : -1;
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [help, setHelp] = useState(false);
  const [told, setTold] = useState("");
  const done = useRef<Done[]>([]);
  const head = useRef<HTMLHeadingElement>(null);

  const goTo = (index: number | undefined) => {
    if (index === undefined) return;
    ask(
      (now) => {
        const next = new URLSearchParams(now);
        next.set("m", `${index}`);
        return next;
      },
      { replace: true },
    );
    setReason("");
    setError(undefined);
    // What is new is read, and the next key acts on it.
    head.current?.focus({ preventScroll: true });
  };
  const say = async (pair: Pair, verdict: Verdict, why: string, after: () => void) => {
    if (isBusy || !pair.found) return;
    setBusy(true);
    setError(undefined);
    try {
      await judge(matter, report, pair, verdict, why);
      after();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  const settle = (verdict: Verdict) => {
    if (!shown?.found) return;
    const next = pairs[nextOpen(pairs, place)]?.index;
    const suspect = shown.found.suspect;
    void say(shown, verdict, reason, () => {
      done.current.push({ index: shown.index, was: shown.verdict, reason: shown.said?.reason ?? "" });
      setTold(t("review.act.saved", { suspect, verdict: t(`review.verdict.${verdict}`) }));
      setReason("");
      goTo(next);
    });
  };
  const undo = () => {
    const last = done.current.at(-1);
    const pair = last ? of.matches.find((one) => one.index === last.index) : shown;
    if (!pair?.found || (!last && pair.verdict === "open")) return;
    const suspect = pair.found.suspect;
    void say(pair, last?.was ?? "open", last?.reason ?? "", () => {
      done.current.pop();
      setTold(t("review.act.undone", { suspect }));
      void message.info(t("review.act.undone", { suspect }));
      goTo(pair.index);
    });
  };
  const acts: Record<KeyAct, () => void> = {
    next: () => goTo(pairs[Math.min(place + 1, pairs.length - 1)]?.index),
    previous: () => goTo(pairs[Math.max(place - 1, 0)]?.index),
    confirm: () => settle("confirmed"),
    reject: () => settle("rejected"),
    undo,
    play: () => document.dispatchEvent(new Event(PLAY)),
    help: () => setHelp(true),
  };
  const newest = useRef(acts);
  newest.current = acts;
  const steady = useMemo(
    () =>
      Object.fromEntries(
        Object.keys(newest.current).map((act) => [act, () => newest.current[act as KeyAct]()]),
      ) as Record<KeyAct, () => void>,
    [],
  );
  const [areKeysOn, switchKeys] = useKeys(steady);
  useEffect(() => {
    head.current?.focus({ preventScroll: true });
  }, []);

  return (
    <div className="stack">
      <div className="row between">
        <ChoiceBar choice={choice} onChange={change} />
        <div className="row">
          <strong>{of.counts.open > 0 ? t("review.left", { count: of.counts.open }) : t("review.all_done")}</strong>
          <span className="quiet">{t("review.counts", { ...of.counts })}</span>
          <Button onClick={() => setHelp(true)}>
            {t("review.keys.title")} <kbd>?</kbd>
          </Button>
        </div>
      </div>
      {of.isCut && <Alert type="warning" showIcon title={t("review.cut", { count: of.matches.length })} />}
      <div className="review">
        <nav aria-label={t("review.list")}>
          {pairs.length === 0 ? (
            <Empty>{t("review.no_choice")}</Empty>
          ) : (
            <PairList pairs={pairs} shown={shown?.index} onChoose={goTo} />
          )}
        </nav>
        <div className="review-pair">
          {shown && (
            <>
              <div className="review-head">
                <h2 ref={head} tabIndex={-1}>
                  {shown.found ? `${shown.found.suspect} ↔ ${shown.found.work}` : t("review.unreadable")}
                </h2>
                <VerdictTag of={shown.verdict} />
                {place >= 0 && (
                  <span className="quiet">{t("review.position", { at: place + 1, count: pairs.length })}</span>
                )}
              </div>
              {shown.found && <Facts of={shown.found} />}
              <div className="verdict-bar no-print">
                <Button onClick={acts.previous} disabled={place <= 0}>
                  {t("review.act.previous")} <kbd>K</kbd>
                </Button>
                <Button onClick={acts.next} disabled={place >= pairs.length - 1}>
                  {t("review.act.next")} <kbd>J</kbd>
                </Button>
                <Button type="primary" loading={isBusy} disabled={!shown.found} onClick={acts.confirm}>
                  {t("review.act.confirm")} <kbd>C</kbd>
                </Button>
                <Button danger loading={isBusy} disabled={!shown.found} onClick={acts.reject}>
                  {t("review.act.reject")} <kbd>R</kbd>
                </Button>
                <Input
                  value={reason}
                  maxLength={500}
                  aria-label={t("review.act.reason")}
                  placeholder={t("review.act.reason")}
                  onChange={({ target }) => setReason(target.value)}
                />
                <Button
                  loading={isBusy}
                  disabled={done.current.length === 0 && shown.verdict === "open"}
                  onClick={undo}
                >
                  {t("review.act.undo")} <kbd>U</kbd>
                </Button>
              </div>
              {error !== undefined && <Alert type="error" showIcon title={explain(error)} />}
              <History of={shown} />
              {shown.found && <Pane key={shown.index} matter={matter} pair={shown} found={shown.found} />}
            </>
          )}
        </div>
      </div>
      <div className="hidden-text" role="status">
        {told} {t("review.left", { count: of.counts.open })}
      </div>
      <KeyHelp isOpen={help} onClose={() => setHelp(false)} isOn={areKeysOn} onSwitch={switchKeys} />
    </div>
  );
}

const isOpen = (pair: Pair) => pair.verdict === "open";

function Pane(props: PairProps) {
  const Of = PANES[props.found.medium] ?? PANES["text"];
  return Of ? (
    <Suspense fallback={<Loading />}>
      <Of {...props} />
    </Suspense>
  ) : null;
}
