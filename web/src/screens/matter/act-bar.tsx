// What can be done with a matter now, and why not the rest.
import { DownOutlined } from "@ant-design/icons";
import { Button, Drawer, Dropdown, List, Space } from "antd";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { useActs } from "~/api/queries";
import type { ActChoice, Matter, Procedure } from "~/api/shapes";
import { Shown } from "~/parts/broken";
import { useLackWords } from "~/parts/lacks";
import { isUsual } from "~/parts/next-act";
import { useWords } from "~/words/words";
import { ActDialog } from "./act-dialog";
import { OpenNext } from "./open-next";

const SHOWN = 4;

export function ActBar({ matter, definition }: { matter: Matter; definition: Procedure }) {
  const { t, pick } = useWords();
  const acts = useActs(matter.id);
  const [chosen, setChosen] = useState<ActChoice>();
  // A list may lead straight to the sheet of an act: `?act=`.
  const [asked, setAsked] = useSearchParams();
  const wanted = acts.data?.acts.find((one) => one.act === asked.get("act") && one.possible);
  const close = () => {
    setChosen(undefined);
    if (asked.has("act")) setAsked({}, { replace: true });
  };
  const shown = chosen ?? wanted;
  const [asksWhy, setAsksWhy] = useState(false);
  const lackWords = useLackWords();
  return (
    <section aria-label={t("matter.acts")} className="act-bar no-print">
      <Shown of={acts}>
        {({ acts: all }) => {
          const possible = all.filter((one) => one.possible);
          const steps = possible.filter((one) => one.kind === "step");
          const usual = (one: ActChoice) =>
            Number(definition.act.some((known) => known.id === one.act && isUsual(known)));
          steps.sort((left, right) => usual(right) - usual(left));
          const first = steps.slice(0, SHOWN);
          const more = [...steps.slice(SHOWN), ...possible.filter((one) => one.kind !== "step")];
          const rest = all.filter((one) => !one.possible);
          return (
            <Space wrap>
              {first.map((one, place) => (
                <Button key={one.act} type={place === 0 ? "primary" : "default"} onClick={() => setChosen(one)}>
                  {pick(one.name)}
                </Button>
              ))}
              {more.length > 0 && (
                <Dropdown
                  trigger={["click"]}
                  menu={{
                    items: more.map((one) => ({ key: one.act, label: pick(one.name), onClick: () => setChosen(one) })),
                  }}
                >
                  <Button>
                    {t("matter.more_acts")} <DownOutlined aria-hidden="true" />
                  </Button>
                </Dropdown>
              )}
              <OpenNext matter={matter} definition={definition} />
              {rest.length > 0 && (
                <Button type="link" onClick={() => setAsksWhy(true)}>
                  {t("matter.why_not", { count: rest.length })}
                </Button>
              )}
              <Drawer open={asksWhy} onClose={() => setAsksWhy(false)} title={t("matter.why_not_title")} size={560}>
                <List
                  dataSource={rest}
                  renderItem={(one) => (
                    <List.Item>
                      <List.Item.Meta
                        title={pick(one.name)}
                        description={
                          <ul className="plain">
                            {one.lacks.map((lack) => (
                              <li key={`${lack.code} ${lack.subject ?? ""}`}>{lackWords(lack)}</li>
                            ))}
                          </ul>
                        }
                      />
                    </List.Item>
                  )}
                />
              </Drawer>
            </Space>
          );
        }}
      </Shown>
      {shown && <ActDialog matter={matter} definition={definition} choice={shown} onClose={close} />}
    </section>
  );
}
