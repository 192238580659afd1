function steps(value: number): number {
	return value === 1 ? 0 : 1 + steps(value % 2 === 0 ? value / 2 : 3 * value + 1);
}

export const Row = ({ start }: { start: number }) => (
	<tr>
		<td>{start}</td>
		<td className="steps">{steps(start)}</td>
	</tr>
);
