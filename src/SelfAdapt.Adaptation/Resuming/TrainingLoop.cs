using System.Diagnostics;

namespace SelfAdapt.Adaptation.Resuming;

/// <summary>
/// The steps of a training. Now and then, and when it is asked to end, it saves what they hand on to each other, so that it can go
/// on as if it had never been interrupted.
/// </summary>
/// <param name="state">All that steps hand on to each other, in an order that stays.</param>
/// <param name="checkpoint">Null: nothing is saved.</param>
internal sealed class TrainingLoop(Action<StateExchange> state, TrainingCheckpoint? checkpoint, CancellationToken cancel)
{
    // At most a twentieth of the time goes into saving.
    private const double SavingShare = 20;
    private const double LeastInterval = 30;

    private readonly Stopwatch _watch = new();
    private double _before;

    /// <summary>Seconds that the training took so far, those before an interruption included.</summary>
    public double Seconds => Math.Round(_before + _watch.Elapsed.TotalSeconds, 3);

    /// <param name="step">Makes a step, 1 for the first; false: it is the last, or was given up half way.</param>
    public void Run(int count, Func<int, bool> step)
    {
        int done = 0;
        if (checkpoint?.ResumedLog is not null)
        {
            (done, _before) = checkpoint.Restore(state);
        }

        _watch.Start();
        double next = 0;
        bool whole = true;
        while (done < count && !cancel.IsCancellationRequested && (whole = step(done + 1)))
        {
            done++;
            if (_watch.Elapsed.TotalSeconds >= next && done < count)
            {
                double begun = _watch.Elapsed.TotalSeconds;
                checkpoint?.Save(done, Seconds, state);
                double now = _watch.Elapsed.TotalSeconds;
                next = now + Math.Max(LeastInterval, SavingShare * (now - begun));
            }
        }

        if (whole && done is > 0 && done < count)
        {
            checkpoint?.Save(done, Seconds, state);
        }
    }
}
