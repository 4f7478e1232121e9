//! Questions that come at the same time, answered together: one query or one transaction for all of them.
//!
//! While one batch is worked on, the next one gathers. Alone, a question is answered at once.

use tokio::sync::{mpsc, oneshot};

/// Most questions of one batch.
const MOST: usize = 256;

/// Questions that may wait; who comes then waits before asking.
const WAITING: usize = 4 * MOST;

/// Gathers questions of the type `Q` and hands out their answers.
pub(super) struct Batcher<Q, A> {
    questions: mpsc::Sender<(Q, oneshot::Sender<A>)>,
}

impl<Q: Send + 'static, A: Send + 'static> Batcher<Q, A> {
    /// Begins to work, until this is dropped. `work` answers the questions in their order.
    pub(super) fn start<F, W>(work: F) -> Self
    where
        F: Fn(Vec<Q>) -> W + Send + 'static,
        W: Future<Output = Vec<A>> + Send + 'static,
    {
        let (questions, mut coming) = mpsc::channel::<(Q, oneshot::Sender<A>)>(WAITING);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(MOST);
            while coming.recv_many(&mut batch, MOST).await > 0 {
                let (questions, askers): (Vec<Q>, Vec<_>) = batch.drain(..).unzip();
                // In a task of its own: what panics is not answered, and the next batch is worked on all the same.
                let Ok(answers) = tokio::spawn(work(questions)).await else {
                    continue;
                };
                for (asker, answer) in askers.into_iter().zip(answers) {
                    let _gone_meanwhile = asker.send(answer);
                }
            }
        });
        Self { questions }
    }

    /// The answer; `None` when the work panicked.
    pub(super) async fn ask(&self, question: Q) -> Option<A> {
        let (asker, answer) = oneshot::channel();
        self.questions.send((question, asker)).await.ok()?;
        answer.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn everybody_gets_the_own_answer_and_a_panic_ends_one_batch_only() {
        let batches = Arc::new(AtomicUsize::new(0));
        let counted = batches.clone();
        let batcher = Arc::new(Batcher::start(move |questions: Vec<u32>| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::task::yield_now().await;
                assert!(!questions.contains(&0), "as it should");
                questions.into_iter().map(|question| question * 2).collect()
            }
        }));
        assert_eq!(batcher.ask(0).await, None);
        let asked: Vec<_> = (1..=200)
            .map(|question| {
                let batcher = batcher.clone();
                tokio::spawn(async move { (question, batcher.ask(question).await) })
            })
            .collect();
        for one in asked {
            let (question, answer) = one.await.unwrap();
            assert_eq!(answer, Some(question * 2));
        }
        assert!(batches.load(Ordering::SeqCst) < 100, "{batches:?}");
    }
}
