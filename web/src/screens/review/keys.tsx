// Single keys of the review: each does one thing, none while somebody types, and all of them can be switched off.
import { Checkbox, Modal } from "antd";
import { useEffect, useState } from "react";
import { useWords } from "~/words/words";

export type KeyAct = "next" | "previous" | "confirm" | "reject" | "undo" | "play" | "help";
const KEYS: Record<string, KeyAct> = {
  j: "next",
  k: "previous",
  c: "confirm",
  r: "reject",
  u: "undo",
  " ": "play",
  "?": "help",
};
const SHOWN: [string, KeyAct][] = [
  ["J", "next"],
  ["K", "previous"],
  ["C", "confirm"],
  ["R", "reject"],
  ["U", "undo"],
  ["", "play"],
  ["?", "help"],
];
const KEPT = "quanlian.review.keys";

/** What a press means; nothing where it is typed into something, or means something to what has the focus. */
export function meaning(event: KeyboardEvent): KeyAct | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return undefined;
  const at = event.target instanceof Element ? event.target : null;
  if (
    at?.closest(
      "input:not([type=range]):not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable=true]",
    )
  )
    return undefined;
  if (at?.closest("[role=dialog], [role=listbox], [role=combobox], .ant-select-dropdown")) return undefined;
  const act = KEYS[event.key.toLowerCase()];
  if (act === "play" && at?.closest("button, a, summary, [role=button], input")) return undefined;
  return act;
}

export function useKeys(acts: Record<KeyAct, () => void>): [boolean, (isOn: boolean) => void] {
  const [isOn, setOn] = useState(() => window.localStorage.getItem(KEPT) !== "no");
  useEffect(() => {
    if (!isOn) return;
    const press = (event: KeyboardEvent) => {
      const act = meaning(event);
      if (!act) return;
      event.preventDefault();
      acts[act]();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [isOn, acts]);
  return [
    isOn,
    (next) => {
      window.localStorage.setItem(KEPT, next ? "yes" : "no");
      setOn(next);
    },
  ];
}

export function KeyHelp({
  isOpen,
  onClose,
  isOn,
  onSwitch,
}: {
  isOpen: boolean;
  onClose: () => void;
  isOn: boolean;
  onSwitch: (isOn: boolean) => void;
}) {
  const { t } = useWords();
  return (
    <Modal open={isOpen} onCancel={onClose} footer={null} title={t("review.keys.title")} width={420}>
      <dl className="keys">
        {SHOWN.map(([key, act]) => (
          <div key={act} className="row">
            <dt>
              <kbd>{key || t("review.keys.space")}</kbd>
            </dt>
            <dd>{t(`review.keys.${act}`)}</dd>
          </div>
        ))}
      </dl>
      <Checkbox checked={isOn} onChange={({ target }) => onSwitch(target.checked)}>
        {t("review.keys.on")}
      </Checkbox>
      <p className="quiet">{t("review.keys.why")}</p>
    </Modal>
  );
}
