//! Work on all processors.

use rayon::prelude::*;

/// Bytes of stack for each thread, as the main one has on Linux: a manifest may nest deep.
const STACK: usize = 8 * 1024 * 1024;

/// Runs something on the threads that work is shared among, so that none of it waits for another thread to begin.
///
/// Who calls only waits: the kernel may leave a thread that was just started on the processor of a busy parent for
/// ten milliseconds and more, which is longer than most of a render takes.
pub fn run<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    // They stay, so that only the first time counts.
    let _ = rayon::ThreadPoolBuilder::new().stack_size(STACK).build_global();
    rayon::scope(|_| work())
}

/// What becomes of each item, in their order.
///
/// # Errors
/// That of the first item which has one, however many have.
pub fn each<'a, T: Sync, R: Send>(
    items: &'a [T],
    work: impl Fn(&'a T) -> anyhow::Result<R> + Sync + Send,
) -> anyhow::Result<Vec<R>> {
    let outcomes: Vec<anyhow::Result<R>> = items.par_iter().map(work).collect();
    outcomes.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_the_first_error_is_told() {
        let items: Vec<u32> = (0..1000).collect();
        let doubled: Vec<u32> = items.iter().map(|n| n * 2).collect();
        assert_eq!(each(&items, |n| Ok(n * 2)).unwrap(), doubled);
        for _ in 0..100 {
            let fails = |n: &u32| if *n < 700 { Ok(*n) } else { Err(anyhow::anyhow!("{n}")) };
            assert_eq!(each(&items, fails).unwrap_err().to_string(), "700");
        }
    }
}
