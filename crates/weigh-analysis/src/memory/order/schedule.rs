//! The steps that run and the sizes they meet, as plain numbers.

use smallvec::SmallVec;

use super::super::Extent;
use super::super::timeline::Timeline;

/// A size in both units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub elements: i128,
    pub bytes: i128,
}

impl Size {
    fn of(extent: &Extent) -> Option<Size> {
        Some(Size { elements: extent.elements.as_int()?.into(), bytes: extent.bytes.as_int()?.into() })
    }

    fn plus(self, other: Size) -> Size {
        Size { elements: self.elements + other.elements, bytes: self.bytes + other.bytes }
    }

    fn minus(self, other: Size) -> Size {
        Size { elements: self.elements - other.elements, bytes: self.bytes - other.bytes }
    }

    fn larger(self, other: Size) -> Size {
        Size { elements: self.elements.max(other.elements), bytes: self.bytes.max(other.bytes) }
    }
}

/// A step that runs. Lives are numbered as in the timeline; each is read at most once in a step.
pub(super) struct Step {
    /// Its number in the timeline.
    pub at: usize,
    pub reads: SmallVec<[usize; 4]>,
    pub makes: SmallVec<[usize; 2]>,
    /// What its bodies hold at their peak.
    pub inner: Size,
}

/// An activation.
pub(super) struct Life {
    pub size: Size,
    /// The step that makes it; `None` for an input.
    pub maker: Option<usize>,
    /// The steps that read it.
    pub readers: Vec<usize>,
    /// Whether it is an output, which is never freed.
    pub stays: bool,
}

/// Steps and lives; steps are numbered anew, without those that do not run.
pub(super) struct Schedule {
    pub steps: Vec<Step>,
    pub lives: Vec<Life>,
    /// The inputs that are there from the start.
    pub start: Size,
}

impl Schedule {
    /// `None` where sizes are formulas.
    pub fn new(timeline: &Timeline) -> Option<Schedule> {
        let life = |life: &super::super::timeline::Life| {
            let size = Size::of(&life.extent)?;
            Some(Life { size, maker: None, readers: Vec::new(), stays: life.is_output })
        };
        let mut lives: Vec<Life> = timeline.lives.iter().map(life).collect::<Option<_>>()?;
        let mut steps = Vec::with_capacity(timeline.steps.len());
        for (at, step) in timeline.steps.iter().enumerate().filter(|(_, step)| step.runs) {
            let number = steps.len();
            step.reads.iter().for_each(|life| lives[*life].readers.push(number));
            step.makes.iter().for_each(|life| lives[*life].maker = Some(number));
            let (reads, makes) = (step.reads.clone(), step.makes.clone());
            steps.push(Step { at, reads, makes, inner: Size::of(&step.inner)? });
        }
        let is_there = |life: &&Life| life.maker.is_none() && (life.stays || !life.readers.is_empty());
        let start = lives.iter().filter(is_there).fold(Size::default(), |sum, life| sum.plus(life.size));
        Some(Schedule { steps, lives, start })
    }

    /// The step's own inputs and outputs, in bytes.
    pub fn own(&self, step: &Step) -> i128 {
        let lives = step.reads.iter().chain(&step.makes);
        lives.map(|life| self.lives[*life].size.bytes).sum::<i128>() + step.inner.bytes
    }

    /// What is alive in each step of an order.
    pub fn trace(&self, order: &[usize]) -> Vec<Size> {
        let mut left: Vec<usize> = self.lives.iter().map(|life| life.readers.len()).collect();
        let mut alive = self.start;
        let in_step = |number: &usize| {
            let step = &self.steps[*number];
            alive = step.makes.iter().fold(alive, |sum, life| sum.plus(self.lives[*life].size));
            let now = alive.plus(step.inner);
            step.reads.iter().for_each(|life| left[*life] -= 1);
            let touched = step.reads.iter().chain(&step.makes);
            let freed = touched.filter(|life| left[**life] == 0 && !self.lives[**life].stays);
            alive = freed.fold(alive, |sum, life| sum.minus(self.lives[*life].size));
            now
        };
        order.iter().map(in_step).collect()
    }

    /// The peak of an order, each unit for itself.
    pub fn peak(&self, order: &[usize]) -> Size {
        self.trace(order).into_iter().fold(Size::default(), Size::larger)
    }
}
