// A chart of ECharts on a canvas; loaded only where one is shown. The table beside it says the same.

import type { EChartsCoreOption, EChartsType } from "echarts/core";
import { useEffect, useRef } from "react";

interface Props {
  option: EChartsCoreOption;
  label: string;
  height?: number;
  /** What was clicked, by its place on the axis. */
  onPick?: (place: number) => void;
}

async function load() {
  const [core, charts, components, renderers] = await Promise.all([
    import("echarts/core"),
    import("echarts/charts"),
    import("echarts/components"),
    import("echarts/renderers"),
  ]);
  core.use([
    charts.BarChart,
    charts.LineChart,
    components.GridComponent,
    components.TooltipComponent,
    renderers.CanvasRenderer,
  ]);
  return core;
}

export function Chart({ option, label, height = 320, onPick }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType>(undefined);
  const latest = useRef({ option, onPick });
  latest.current = { option, onPick };

  useEffect(() => {
    let isGone = false;
    let watch: ResizeObserver | undefined;
    void load().then((core) => {
      if (isGone || !box.current) return;
      const made = core.init(box.current, undefined, { renderer: "canvas" });
      chart.current = made;
      made.setOption(latest.current.option);
      made.on("click", ({ dataIndex }) => {
        if (typeof dataIndex === "number") latest.current.onPick?.(dataIndex);
      });
      watch = new ResizeObserver(() => made.resize());
      watch.observe(box.current);
    });
    return () => {
      isGone = true;
      watch?.disconnect();
      chart.current?.dispose();
      chart.current = undefined;
    };
  }, []);
  useEffect(() => {
    chart.current?.setOption(option, { notMerge: true });
  }, [option]);

  return <div ref={box} role="img" aria-label={label} style={{ height, width: "100%" }} />;
}
