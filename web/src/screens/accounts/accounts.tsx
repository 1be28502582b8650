// Accounts, for administrators: who may sign in, in which agency, with which roles.
import { PlusOutlined } from "@ant-design/icons";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Card, Input, Select, Table, Tag } from "antd";
import { useMemo, useState } from "react";
import { json } from "~/api/client";
import { useAgencies } from "~/api/queries";
import type { Account } from "~/api/shapes";
import { Broken, Loading } from "~/parts/broken";
import { ExportButton } from "~/parts/export-button";
import { useNames } from "~/parts/names";
import { Page } from "~/parts/page";
import { useUrl } from "~/parts/url";
import { useWords } from "~/words/words";
import { EditAccount } from "./edit-account";
import { NewAccount } from "./new-account";
import "./accounts.css";

const PAGE = 200;
const STATE_COLOURS: Record<string, string> = { active: "success", suspended: "warning", ended: "default" };

export function Component() {
  const { t, pick, maybe, instant } = useWords();
  const names = useNames();
  const { data: agencies } = useAgencies();
  const [{ agency, q, state }, setUrl] = useUrl(["agency", "q", "state"]);
  const [making, setMaking] = useState(false);
  const [edited, setEdited] = useState<string>();
  const list = useInfiniteQuery({
    queryKey: ["accounts", agency],
    queryFn: ({ pageParam }) => {
      const asked = new URLSearchParams({ limit: `${PAGE}` });
      if (agency) asked.set("agency", agency);
      if (pageParam) asked.set("after", pageParam);
      return json<Account[]>(`/api/v1/accounts?${asked}`);
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Account[]) => (page.length < PAGE ? undefined : page.at(-1)?.login),
  });
  const all = useMemo(() => list.data?.pages.flat() ?? [], [list.data]);
  const words = q?.toLowerCase().split(/\s+/) ?? [];
  const rows = all.filter(
    (one) =>
      (!state || one.state === state) &&
      words.every((word) => `${one.login} ${one.name} ${one.user}`.toLowerCase().includes(word)),
  );
  const roles = (one: Account) => one.roles.map((role) => maybe(`roles.${role}`, role));
  const sheet = () => ({
    name: t("frame.nav.accounts"),
    head: (["login", "name", "agency", "unit", "roles", "state", "made_at"] as const).map((key) =>
      t(`accounts.${key}`),
    ),
    rows: rows.map((one) => [
      one.login,
      one.name,
      names.agency(one.agency),
      names.unit(one.agency, one.unit),
      roles(one).join("; "),
      maybe(`accounts.states.${one.state}`, one.state),
      one.made_at,
    ]),
  });

  return (
    <Page
      title={t("frame.nav.accounts")}
      actions={
        <>
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
            {t("accounts.new")}
          </Button>
          <ExportButton sheet={sheet} disabled={rows.length === 0} />
        </>
      }
    >
      <search className="row accounts-filter no-print" aria-label={t("accounts.filter")}>
        <Select
          aria-label={t("accounts.agency")}
          allowClear
          value={agency}
          placeholder={t("accounts.all_agencies")}
          showSearch={{ optionFilterProp: "label" }}
          options={(agencies ?? []).map((one) => ({ value: one.code, label: pick(one.names) }))}
          onChange={(value?: string) => setUrl({ agency: value }, { push: true })}
        />
        <Select
          aria-label={t("accounts.state")}
          allowClear
          value={state}
          placeholder={t("accounts.all_states")}
          options={(["active", "suspended", "ended"] as const).map((value) => ({
            value,
            label: t(`accounts.states.${value}`),
          }))}
          onChange={(value?: string) => setUrl({ state: value })}
        />
        <Input
          aria-label={t("accounts.find")}
          placeholder={t("accounts.find")}
          allowClear
          maxLength={100}
          value={q ?? ""}
          onChange={(event) => setUrl({ q: event.target.value })}
        />
      </search>
      {list.isPending ? (
        <Loading />
      ) : list.error && all.length === 0 ? (
        <Broken error={list.error} retry={() => void list.refetch()} />
      ) : (
        <Card styles={{ body: { padding: 0 } }}>
          <Table<Account>
            rowKey="id"
            size="middle"
            dataSource={rows}
            pagination={false}
            scroll={{ x: "max-content" }}
            locale={{ emptyText: t(all.length > 0 ? "accounts.none_of_filter" : "frame.empty") }}
            columns={[
              {
                key: "login",
                title: t("accounts.login"),
                render: (_, one) => (
                  <Button type="link" className="accounts-open" onClick={() => setEdited(one.id)}>
                    {one.login}
                  </Button>
                ),
              },
              { key: "name", title: t("accounts.name"), dataIndex: "name" },
              {
                key: "place",
                title: t("accounts.place"),
                render: (_, one) => (
                  <>
                    {names.agency(one.agency)}
                    {one.unit && <div className="quiet">{names.unit(one.agency, one.unit)}</div>}
                  </>
                ),
              },
              {
                key: "roles",
                title: t("accounts.roles"),
                render: (_, one) => (
                  <span className="accounts-roles">
                    {roles(one).map((role) => (
                      <Tag key={role} variant="outlined">
                        {role}
                      </Tag>
                    ))}
                  </span>
                ),
              },
              {
                key: "state",
                title: t("accounts.state"),
                render: (_, one) => (
                  <span className="accounts-roles">
                    <Tag color={STATE_COLOURS[one.state]} variant="outlined">
                      {maybe(`accounts.states.${one.state}`, one.state)}
                    </Tag>
                    {one.is_service && <Tag variant="outlined">{t("accounts.service")}</Tag>}
                    {one.must_change_password && <Tag variant="outlined">{t("accounts.first_password")}</Tag>}
                  </span>
                ),
              },
              {
                key: "second",
                title: t("accounts.second_factor"),
                render: (_, one) => t(one.has_second_factor ? "frame.yes" : "frame.no"),
              },
              { key: "made_at", title: t("accounts.made_at"), render: (_, one) => instant(one.made_at) },
            ]}
          />
        </Card>
      )}
      {list.hasNextPage && (
        <Button
          className="accounts-more no-print"
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("sheet.more_rows")}
        </Button>
      )}
      <NewAccount open={making} agency={agency} onClose={() => setMaking(false)} />
      <EditAccount account={all.find((one) => one.id === edited)} onClose={() => setEdited(undefined)} />
    </Page>
  );
}
