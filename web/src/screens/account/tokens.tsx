// One's own tokens, and making and ending one.
import { useQuery } from "@tanstack/react-query";
import { App, Button, Table } from "antd";
import { useState } from "react";
import { json, write } from "~/api/client";
import { explain } from "~/api/problem";
import { queries } from "~/api/queries";
import type { components } from "~/api/schema";
import { Shown } from "~/parts/broken";
import { ShownOnce } from "~/parts/once";
import { useWords } from "~/words/words";
import { NewToken } from "./new-token";

type Token = components["schemas"]["TokenView"];
const KEY = ["account", "tokens"];

export function Tokens() {
  const { t, maybe, instant } = useWords();
  const { modal, message } = App.useApp();
  const [made, setMade] = useState<string>();
  const [open, setOpen] = useState(false);
  const tokens = useQuery({ queryKey: KEY, queryFn: () => json<Token[]>("/api/v1/account/tokens") });
  const again = () => queries.invalidateQueries({ queryKey: KEY });
  const end = (token: Token) =>
    modal.confirm({
      title: t("account.token.end_sure", { name: token.name }),
      content: t("account.token.end_why"),
      okText: t("account.token.end"),
      okButtonProps: { danger: true },
      cancelText: t("frame.cancel"),
      onOk: async () => {
        try {
          await write("DELETE", `/api/v1/account/tokens/${token.id}`);
        } catch (error) {
          message.error(explain(error));
        }
        await again();
      },
    });
  return (
    <>
      <p>{t("account.token.why")}</p>
      <Shown of={tokens} isEmpty={(all) => all.length === 0} empty={t("account.token.none")}>
        {(all) => (
          <Table<Token>
            rowKey="id"
            size="small"
            dataSource={all}
            pagination={false}
            scroll={{ x: "max-content" }}
            columns={[
              { key: "name", title: t("account.token.name"), dataIndex: "name" },
              {
                key: "scopes",
                title: t("account.token.scopes"),
                render: (_, one) => one.scopes.map((scope) => maybe(`roles.action.${scope}`, scope)).join(" · "),
              },
              { key: "until", title: t("account.token.until"), render: (_, one) => instant(one.until) },
              {
                key: "used",
                title: t("account.token.used"),
                render: (_, one) => (one.used_at ? instant(one.used_at) : t("account.token.never")),
              },
              {
                key: "end",
                title: "",
                render: (_, one) => (
                  <Button
                    size="small"
                    danger
                    aria-label={t("account.token.end_sure", { name: one.name })}
                    onClick={() => end(one)}
                  >
                    {t("account.token.end")}
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Shown>
      {open ? (
        <NewToken
          onMade={(token) => {
            setMade(token);
            setOpen(false);
            void again();
          }}
        />
      ) : (
        <Button style={{ marginTop: 12 }} onClick={() => setOpen(true)}>
          {t("account.token.new")}
        </Button>
      )}
      <ShownOnce
        title={t("account.token.shown")}
        why={t("account.token.shown_why")}
        secrets={made === undefined ? undefined : [made]}
        onDone={() => setMade(undefined)}
      />
    </>
  );
}
