// Several of a list: the list closes after each choice, so that it never lies over the button that comes next.
//
// In:  what a select takes; the whole of it is passed on.
// Out: the chosen values. The arrow keys, the pointer and typing open the list again.
import { Select, type SelectProps } from "antd";
import { useState } from "react";

type Props<V> = Omit<SelectProps<V[]>, "mode" | "open" | "onOpenChange" | "onSelect">;

export function Several<V extends string | number>(props: Props<V>) {
  const [open, setOpen] = useState(false);
  return <Select<V[]> {...props} mode="multiple" open={open} onOpenChange={setOpen} onSelect={() => setOpen(false)} />;
}
