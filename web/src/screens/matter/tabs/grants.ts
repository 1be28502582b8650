// Grants of a matter: from the server where it lists them, else those that were given from this browser, so that they can be taken back.
import { useQuery } from "@tanstack/react-query";
import { json, write } from "~/api/client";
import { Problem } from "~/api/problem";
import { queries, touched } from "~/api/queries";

export interface Grant {
  id: string;
  of_agency?: string;
  to_agency: string;
  to_unit?: string | null;
  to_user?: string | null;
  actions: string[];
  purpose: string;
  legal_basis: string;
  handling_code: string;
  until?: string | null;
  granted_by?: string | null;
  granted_at?: string | null;
  revoked_at?: string | null;
}

const KEY = "quanlian.grants.";
const key = (matter: string) => ["matter", matter, "grants"];

function kept(matter: string): Grant[] {
  try {
    const read: unknown = JSON.parse(window.localStorage.getItem(KEY + matter) ?? "[]");
    return Array.isArray(read) ? (read as Grant[]) : [];
  } catch {
    return [];
  }
}

function keep(matter: string, grants: Grant[]): void {
  try {
    window.localStorage.setItem(KEY + matter, JSON.stringify(grants));
  } catch {
    // A full store: the grant is given all the same and stands in the trail.
  }
}

export const useGrants = (matter: string) =>
  useQuery({
    queryKey: key(matter),
    queryFn: async (): Promise<{ grants: Grant[]; isWhole: boolean }> => {
      try {
        const answer = await json<{ grants: Grant[] } | Grant[]>(`/api/v1/matters/${matter}/grants`);
        return { grants: Array.isArray(answer) ? answer : answer.grants, isWhole: true };
      } catch (error) {
        // A server without the list, or a reader who may not see it.
        if (error instanceof Problem && [403, 404, 405].includes(error.status))
          return { grants: kept(matter), isWhole: false };
        throw error;
      }
    },
  });

export async function give(matter: string, asked: Omit<Grant, "id">): Promise<void> {
  const { id } = await write<{ id: string }>("POST", `/api/v1/matters/${matter}/grants`, asked);
  keep(matter, [...kept(matter), { ...asked, id, granted_at: new Date().toISOString() }]);
  settle(matter);
}

export async function revoke(matter: string, grant: string): Promise<void> {
  try {
    await write("DELETE", `/api/v1/matters/${matter}/grants/${grant}`);
  } catch (error) {
    // It is over already: by its day, or somebody else took it back.
    if (!(error instanceof Problem && error.code === "grant_not_found")) throw error;
  }
  keep(
    matter,
    kept(matter).filter((one) => one.id !== grant),
  );
  settle(matter);
}

function settle(matter: string): void {
  void queries.invalidateQueries({ queryKey: key(matter) });
  touched(matter);
}
