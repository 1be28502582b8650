// Numbers of people, masked until somebody says what for and looks.
//
// Invariant: a look at whole numbers is a request of its own that carries the purpose, so that the trail holds it before they are shown.
import { EyeInvisibleOutlined, EyeOutlined } from "@ant-design/icons";
import { App, Button, Tooltip } from "antd";
import { useState } from "react";
import { json, statePurpose } from "~/api/client";
import { explain } from "~/api/problem";
import type { Identifier } from "~/api/shapes";
import { useWords } from "~/words/words";
import { useLedgerTerms } from "./terms";
import { isRight, masked } from "./typed";

export interface Shown {
  isShown: (entry: string) => boolean;
  toggle: (entry: string) => Promise<void>;
}

export function useShown(matter: string): Shown {
  const { message } = App.useApp();
  const [shown, setShown] = useState<ReadonlySet<string>>(new Set());
  const toggle = async (entry: string) => {
    const next = new Set(shown);
    if (!next.delete(entry)) {
      try {
        if (!(await statePurpose(matter))) return;
        await json(`/api/v1/matters/${matter}/ledger`);
      } catch (error) {
        void message.error(explain(error));
        return;
      }
      next.add(entry);
    }
    setShown(next);
  };
  return { isShown: (entry) => shown.has(entry), toggle };
}

export function ShowButton({ of, entry, label }: { of: Shown; entry: string; label: string }) {
  const { t } = useWords();
  const isShown = of.isShown(entry);
  return (
    <Tooltip title={t("ledger.party.show_hint")}>
      <Button
        className="no-print"
        type="link"
        size="small"
        icon={isShown ? <EyeInvisibleOutlined /> : <EyeOutlined />}
        aria-label={`${t(isShown ? "ledger.party.hide" : "ledger.party.show")} ${label}`}
        aria-pressed={isShown}
        onClick={() => void of.toggle(entry)}
      >
        {t(isShown ? "ledger.party.hide" : "ledger.party.show")}
      </Button>
    </Tooltip>
  );
}

export function Numbers({ of, isShown }: { of: Identifier[]; isShown: boolean }) {
  const { t } = useWords();
  const terms = useLedgerTerms();
  return (
    <ul className="tab-plain-list">
      {of.map((one) => {
        const right = isRight(one.kind, one.number);
        return (
          <li key={`${one.kind}${one.number}`}>
            <span className="quiet">{terms.name("identifier", one.kind)}</span>{" "}
            <span className="number">{isShown ? one.number : masked(one.number)}</span>{" "}
            {right === true && <span className="tab-good">✓ {t("ledger.party.right")}</span>}
            {right === false && <span className="tab-bad">✗ {t("ledger.party.wrong")}</span>}
          </li>
        );
      })}
    </ul>
  );
}
