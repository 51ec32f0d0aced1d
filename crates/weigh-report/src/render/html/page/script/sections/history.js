// Measurements of the past and where their level changed.

section('history', 'History', () => null);
