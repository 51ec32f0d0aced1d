// Techniques: what each would bring to this model.

const NEEDS = { nothing: 'nothing', check: 'a look at the outputs', calibration: 'inputs to calibrate with', fine_tuning: 'fine-tuning', retraining: 'training anew' };

section('advice', 'What to change', (report) => {
  if (report.advice.length === 0) return null;
  const change = (one, key, show) => {
    const [before, after] = [number(one.before[key]), number(one.after[key])];
    return before === null || after === null ? '' : `${show(before)} → ${show(after)}`;
  };
  const rows = report.advice.map((one) => [
    [sentence(one.technique), el('div', { class: 'note' }, sentence(one.about)), one.command && el('div', null, el('code', null, shorten(one.command, 200)))],
    one.refused ? badge('bad', 'cannot be done') : one.goal,
    maybe(one.gain, (gain) => `× ${significant(gain, 3)}`) || '?',
    one.basis, change(one, 'latency_ms', time), change(one, 'device_bytes', bytes), change(one, 'macs', si), change(one, 'bytes', bytes),
    NEEDS[one.needs] || one.needs, notes(one.notes.slice(0, 4))]);
  return table('advice', ['technique', 'goal', '>gain', 'basis', 'latency', 'needs of memory', 'MACs', 'size', 'needs', 'remarks'], rows);
});
