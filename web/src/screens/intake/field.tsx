// One question: label, hint, what is wrong with the answer; the summary of faults leads to it.
import type { ReactNode } from "react";

export const fieldId = (name: string) => `intake-${name}`;

export function Field({
  name,
  label,
  hint,
  fault,
  children,
}: {
  name: string;
  label: string;
  hint?: ReactNode;
  fault?: string;
  children: (props: { id: string; "aria-describedby": string; "aria-invalid": boolean; status?: "error" }) => ReactNode;
}) {
  const id = fieldId(name);
  return (
    <div className={fault ? "intake-field intake-field-wrong" : "intake-field"}>
      <label htmlFor={id}>{label}</label>
      <div id={`${id}-says`}>
        {hint && <div className="quiet">{hint}</div>}
        {fault && <div className="intake-fault">{fault}</div>}
      </div>
      {children({
        id,
        "aria-describedby": `${id}-says`,
        "aria-invalid": fault !== undefined,
        status: fault ? "error" : undefined,
      })}
    </div>
  );
}
