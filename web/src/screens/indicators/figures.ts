// Figures: how they are asked for.
import { useQuery } from "@tanstack/react-query";
import { json } from "~/api/client";
import { patiently } from "~/api/every-page";
import type { IndicatorDefinition } from "~/api/shapes";
import { formerOf, type Period } from "./period";
import { type Figure, figurePath } from "./told";

export const useDefinitions = () =>
  useQuery({
    queryKey: ["indicators"],
    queryFn: async () => (await json<{ indicators: IndicatorDefinition[] }>("/api/v1/indicators")).indicators,
    staleTime: 3_600_000,
  });

export const useFigure = (definition: IndicatorDefinition, period: Period, by?: string) =>
  useQuery({
    queryKey: ["figure", definition.id, definition.version, by, period],
    // A page of figures asks for many at once, and waits where it is told to.
    queryFn: ({ signal }) => patiently<Figure>(figurePath(definition, period, { by }), signal),
    staleTime: 60_000,
  });

export const useFigureBefore = (definition: IndicatorDefinition, period: Period) => {
  const former = definition.period === "overdue" ? undefined : formerOf(period);
  const query = useQuery({
    queryKey: ["figure", definition.id, definition.version, undefined, former],
    queryFn: ({ signal }) => patiently<Figure>(figurePath(definition, former ?? {}), signal),
    staleTime: 60_000,
    enabled: former !== undefined,
  });
  return { former, figure: query.data, error: query.error };
};
