// The tour at the side of every page: not modal, by the keyboard, ticked by what is really done.
import { CloseOutlined, MinusOutlined } from "@ant-design/icons";
import { Button, Checkbox, Progress } from "antd";
import { type ReactNode, useEffect } from "react";
import { createPortal } from "react-dom";
import { Link, useLocation } from "react-router";
import { onWritten } from "~/api/client";
import type { Who } from "~/api/queries";
import { useWords } from "~/words/words";
import "./help.css";
import { useTour } from "./tour-state";
import { stepsFor, tourOf } from "./tour-steps";

/** On the demo whoever is new is offered the tour; elsewhere it is begun from the manual. */
const isDemo = () => document.querySelector('meta[name="quanlian-demo"]') !== null;

export default function TourPanel({ who }: { who: Who }) {
  const { t } = useWords();
  const { pathname } = useLocation();
  const tour = useTour(who.id);
  const steps = stepsFor(tourOf(who.roles));
  const { isOpen, done, tick } = tour;

  useEffect(() => {
    if (!isOpen) return;
    for (const step of stepsFor(tourOf(who.roles)))
      if ("visited" in step.seen && step.seen.visited.test(pathname) && !done.includes(step.id)) tick(step.id, true);
  }, [isOpen, pathname, who.roles, done, tick]);
  useEffect(() => {
    if (!isOpen) return undefined;
    return onWritten((written) => {
      for (const step of stepsFor(tourOf(who.roles)))
        if ("written" in step.seen && step.seen.written.test(written)) tick(step.id, true);
    });
  }, [isOpen, who.roles, tick]);

  if (!isOpen) {
    if (!isDemo() || tour.isDeclined) return null;
    return (
      <InHead>
        <Button onClick={() => tour.open()}>{t("help.tour.offer")}</Button>
        <Button
          type="text"
          icon={<CloseOutlined />}
          aria-label={t("help.tour.end")}
          title={t("help.tour.end")}
          onClick={() => tour.end()}
        />
      </InHead>
    );
  }
  const count = steps.filter((step) => done.includes(step.id)).length;
  if (tour.isSmall) {
    return (
      <InHead>
        <Button onClick={() => tour.small(false)} aria-label={t("help.tour.show")}>
          {t("help.tour.title")} {count}/{steps.length}
        </Button>
      </InHead>
    );
  }
  const now = steps.find((step) => !done.includes(step.id));
  return (
    <aside className="tour no-print" aria-label={t("help.tour.title")}>
      <div className="row" style={{ justifyContent: "space-between", flexWrap: "nowrap" }}>
        <h2>{t("help.tour.title")}</h2>
        <div className="row" style={{ gap: 0, flexWrap: "nowrap" }}>
          <Button
            type="text"
            size="small"
            icon={<MinusOutlined />}
            aria-label={t("help.tour.hide")}
            onClick={() => tour.small(true)}
          />
          <Button
            type="text"
            size="small"
            icon={<CloseOutlined />}
            aria-label={t("help.tour.end")}
            onClick={() => tour.end()}
          />
        </div>
      </div>
      <Progress
        percent={Math.round((count / steps.length) * 100)}
        size="small"
        showInfo={false}
        aria-label={t("help.tour.title")}
      />
      <output className="quiet">{t("help.tour.done", { done: count, total: steps.length })}</output>
      <ol>
        {steps.map((step) => (
          <li key={step.id} aria-current={step === now ? "step" : undefined}>
            <Checkbox
              checked={done.includes(step.id)}
              aria-label={t("help.tour.tick", { title: t(step.title) })}
              onChange={(event) => tick(step.id, event.target.checked)}
            >
              <span className={step === now ? "tour-now" : ""}>{t(step.title)}</span>
            </Checkbox>
            {step === now && (
              <div className="tour-text">
                {t(step.text)} <Link to={step.to}>{t("help.tour.go")}</Link>
              </div>
            )}
          </li>
        ))}
      </ol>
      {!now && <p>{t("help.tour.finished")}</p>}
    </aside>
  );
}

/** In the head of the page, where it covers nothing. */
function InHead({ children }: { children: ReactNode }) {
  const place = document.getElementById("tour-place");
  return place && createPortal(<div className="tour-small no-print">{children}</div>, place);
}
