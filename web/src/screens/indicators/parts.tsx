// The parts of a figure: a chart, and beside it a table that says the same.
import { Table } from "antd";
import { useMemo } from "react";
import { useProcedures } from "~/api/queries";
import { Empty } from "~/parts/broken";
import { Chart } from "~/parts/chart";
import { useNames } from "~/parts/names";
import { useWords } from "~/words/words";
import { months, type Period } from "./period";
import { type Figure, type Part, toldValue } from "./told";

/** What a group is called; one stage may stand in several procedures under several names. */
export function useGroupNames(by: string): (group: string | null) => string {
  const { t, pick } = useWords();
  const names = useNames();
  const { data: procedures } = useProcedures();
  return (group) => {
    if (group === null || group === "") return t("indicators.no_value");
    if (by === "agency") return names.agency(group);
    if (by === "procedure") return names.procedure(group);
    if (by !== "stage") return group;
    const found = new Set(
      (procedures ?? []).flatMap((one) => one.stage.filter((each) => each.id === group)).map((each) => pick(each.name)),
    );
    return [...found].slice(0, 3).join(" / ") || group;
  };
}

interface Props {
  figure: Figure;
  by: string;
  period: Period;
  name: string;
  onPick: (group: string) => void;
}

export function Parts({ figure, by, period, name, onPick }: Props) {
  const words = useWords();
  const { t, maybe, number } = words;
  const named = useGroupNames(by);
  const parts: Part[] = useMemo(() => {
    if (by !== "month") return figure.parts;
    const known = new Map(figure.parts.map((part) => [part.group, part]));
    return months(
      period,
      figure.parts.map((part) => part.group ?? ""),
    ).map((month) => known.get(month) ?? { group: month, value: null, n: 0, missing: 0 });
  }, [figure.parts, by, period]);
  const scale = { fen: 100, share: 0.01 }[figure.unit] ?? 1;
  const told = (part: Part) => toldValue(part.value, figure.unit, words);

  if (figure.parts.length === 0) return <Empty>{t("indicators.no_parts")}</Empty>;
  const isTime = by === "month";
  const value = {
    type: "value",
    axisLabel: { fontSize: 13, formatter: (shown: number) => (figure.unit === "share" ? `${shown}%` : number(shown)) },
    max: figure.unit === "share" ? 100 : undefined,
    minInterval: ["matters", "clocks"].includes(figure.unit) ? 1 : undefined,
  };
  const group = {
    type: "category",
    data: parts.map((part) => named(part.group)),
    inverse: !isTime,
    axisLabel: { fontSize: 13, width: isTime ? undefined : 130, overflow: "truncate" },
  };
  const option = {
    animation: false,
    color: ["#0b4aa2"],
    textStyle: { fontFamily: "inherit", fontSize: 13 },
    grid: { left: 8, right: 24, top: 16, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    // Drawn on the canvas: names of groups are texts, and the policy of the pages admits no markup of a tooltip.
    tooltip: {
      renderMode: "richText",
      trigger: "axis",
      formatter: (points: { dataIndex: number }[]) => {
        const part = parts[points[0]?.dataIndex ?? -1];
        return part ? `${named(part.group)}\n${told(part)}\n${t("indicators.n", { count: part.n })}` : "";
      },
    },
    xAxis: isTime ? group : value,
    yAxis: isTime ? value : group,
    series: [
      {
        // A rate or a median of months is read as a course; counts and sums as heights.
        type: isTime && ["share", "median", "p90"].includes(figure.aggregate) ? "line" : "bar",
        data: parts.map((part) => (typeof part.value === "number" ? part.value / scale : null)),
        barMaxWidth: 36,
        connectNulls: false,
        symbolSize: 8,
      },
    ],
  };
  return (
    <div className="grid-2">
      <Chart
        option={option}
        height={isTime ? 320 : Math.max(160, Math.min(640, parts.length * 42 + 60))}
        label={t("indicators.chart", { name, by: maybe(`indicators.by.${by}`, by) })}
        onPick={(place) => {
          const picked = parts[place];
          if (picked?.group && picked.n + picked.missing > 0) onPick(picked.group);
        }}
      />
      <Table<Part>
        size="small"
        rowKey={(part) => part.group ?? ""}
        dataSource={parts}
        pagination={false}
        scroll={{ y: 480 }}
        columns={[
          {
            key: "group",
            title: maybe(`indicators.by.${by}`, by),
            render: (_, part) => named(part.group),
          },
          {
            key: "value",
            title: t("indicators.value"),
            align: "right",
            render: (_, part) =>
              part.group && part.n + part.missing > 0 ? (
                <button
                  type="button"
                  className="figure-pick number"
                  aria-label={`${told(part)}, ${t("indicators.rows.group", { group: named(part.group) })}`}
                  onClick={() => part.group && onPick(part.group)}
                >
                  {told(part)}
                </button>
              ) : (
                <span className="quiet">{told(part)}</span>
              ),
          },
          { key: "n", title: "n", align: "right", width: 70, render: (_, part) => number(part.n) },
          {
            key: "missing",
            title: t("indicators.rows.missing"),
            align: "right",
            width: 80,
            render: (_, part) => number(part.missing),
          },
        ]}
      />
    </div>
  );
}
