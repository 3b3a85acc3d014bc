/** A row of bars without axes: how something went. */
export function Sparkline(props: { values: number[]; label: string }) {
  const { values } = props;
  const most = Math.max(1, ...values);
  const width = Math.max(1, values.length);
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} 20`} preserveAspectRatio="none" role="img" aria-label={props.label}>
      {values.map((v, i) => v > 0 && <rect key={i} x={i + 0.08} width={0.84} y={20 - Math.max(1, (20 * v) / most)} height={Math.max(1, (20 * v) / most)} />)}
    </svg>
  );
}
