import { Name } from "../components/plain";
import { variantName } from "./model";

/** A model and how it was evaluated. */
export const ModelName = (props: { model_name: string; variant: string }) => <><Name text={props.model_name} /> <span class="muted whole">{variantName(props.variant)}</span></>;
