//! The connections that tools work over: as many as there are, and no more.
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// How many connections there are: more than the service's own clients ever need at once.
pub const SIZE: u32 = 100;
/// How long a tool waits for one.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// A pool of connections.
pub struct Pool {
    free: Semaphore,
    patience: Duration,
    leaked: Mutex<u32>,
}

impl Pool {
    /// A pool of which nothing is in use, and for whose connections one waits so long.
    pub fn new(patience: Duration) -> Self {
        Self { free: Semaphore::new(SIZE as usize), patience, leaked: Mutex::new(0) }
    }

    /// A connection, unless none becomes free in time. It goes back when it is dropped.
    pub async fn connection(&self) -> Option<SemaphorePermit<'_>> {
        timeout(self.patience, self.free.acquire()).await.ok()?.ok()
    }

    /// Whether a connection is free now.
    pub fn has_free(&self) -> bool {
        self.free.available_permits() > 0
    }

    /// How many connections are in use or leaked.
    pub fn active(&self) -> u32 {
        SIZE.saturating_sub(u32::try_from(self.free.available_permits()).unwrap_or(SIZE))
    }

    /// Makes this share of the connections lost, no more and no less; `false` where running tools hold them
    /// for too long.
    pub async fn leak(&self, share: f64) -> bool {
        let all = f64::from(SIZE);
        let mut wanted = SIZE;
        while f64::from(wanted) > share * all + 1e-9 {
            wanted -= 1;
        }
        let mut leaked = self.leaked.lock().await;
        if wanted > *leaked {
            let lost = self.free.acquire_many(wanted - *leaked);
            let Ok(Ok(lost)) = timeout(self.patience, lost).await else { return false };
            lost.forget();
        } else {
            self.free.add_permits((*leaked - wanted) as usize);
        }
        *leaked = wanted;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_leaks_is_in_use_until_it_is_mended() {
        let pool = Pool::new(Duration::from_millis(20));
        assert_eq!((pool.active(), pool.has_free()), (0, true));
        let held = pool.connection().await.unwrap();
        assert_eq!(pool.active(), 1);
        assert!(pool.leak(0.5).await);
        assert_eq!(pool.active(), 51);
        assert!(!pool.leak(1.0).await, "a tool never gives its connection back");
        drop(held);
        assert!(pool.leak(1.0).await);
        assert_eq!((pool.active(), pool.has_free()), (SIZE, false));
        assert!(pool.connection().await.is_none());
        assert!(pool.leak(0.29).await);
        assert_eq!(pool.active(), 29);
        assert!(pool.leak(0.0).await);
        assert_eq!(pool.active(), 0);
    }
}
