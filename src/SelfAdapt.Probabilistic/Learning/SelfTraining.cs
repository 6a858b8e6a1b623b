using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine;
using SelfAdapt.Probabilistic.Networks;

namespace SelfAdapt.Probabilistic.Learning;

/// <summary>
/// Trains a foreground network: on labelled images (source training), on its own labels of others (separate adaptation), or on both
/// at once (joint adaptation).
/// </summary>
/// <param name="standardised">Whether each view is brought to mean 0 and deviation 1.</param>
internal sealed class SelfTraining(IForegroundLearner learner, SelfTrainingOptions options, bool standardised)
{
    private const int CropsLookedAt = 16;

    private readonly RandomStream _root = new((ulong)options.Seed);

    /// <param name="source">Labelled images; none in separate adaptation.</param>
    /// <param name="targets">Images without labels; none in source training.</param>
    /// <param name="fromModel">Whether the network can tell foreground already, so that there is something to lose.</param>
    /// <param name="alignment">Scales labels of targets; null: they stay.</param>
    /// <returns>What watched over that; null: nothing did.</returns>
    public CollapseGuard? Train(
        IReadOnlyList<TrainingPlane> source, IReadOnlyList<TrainingPlane> targets, bool fromModel, DistributionAlignment? alignment,
        Action<TrainingStep> report, CancellationToken cancel, TrainingCheckpoint? checkpoint = null)
    {
        ViewMaker views = new(options.Crop, standardised);
        CropDealer sourceCrops = new(source, options.BatchSize, options.Crop);
        CropDealer targetCrops = new(targets, options.BatchSize, options.Crop);
        (RandomStream fromSource, RandomStream fromTarget) = (_root.Substream("source crops"), _root.Substream("target crops"));
        (RandomStream changes, RandomStream samples) = (_root.Substream("views"), _root.Substream("samples"));
        bool teaches = options.Scheme == SelfTrainingScheme.MeanTeacher;
        CollapseGuard? guard = fromModel && targets.Count > 0 && options.LeastShare > 0 ? Guard() : null;
        TrainingLoop loop = new(Exchange, checkpoint, cancel);
        loop.Run(options.Iterations, step =>
        {
            List<LearningPart> parts = [];
            double? consensus = null;
            if (source.Count > 0)
            {
                LearningPart crops = sourceCrops.Deal(fromSource);
                parts.Add(crops with { Images = views.Changed(crops.Images, ViewChanges.Weak, changes) });
            }

            if (targets.Count > 0)
            {
                float[] crops = targetCrops.Deal(fromTarget).Images;
                Opinion opinion = learner.Look(views.Changed(crops, ViewChanges.Weak, changes), teaches, samples);
                consensus = opinion.Consensus;
                float[] view = views.Changed(crops, teaches ? ViewChanges.Weak : ViewChanges.Strong, changes);
                parts.Add(new(view, alignment?.Align(opinion.Labels) ?? opinion.Labels, opinion.Filter(options.Filter)));
            }

            double rate = options.RateAt(step);
            double loss = learner.Learn(parts, rate, Keep(step, source.Count > 0), samples);
            bool looks = guard is not null && LookSchedule.IsDue(step, options.Iterations);
            if (looks)
            {
                guard!.Look(step);
            }

            report(new(step, rate, loss, loop.Seconds) { Consensus = consensus, Foreground = looks ? guard!.Foreground : null });
            return guard is not { HasEnded: true };
        });
        return guard;

        CollapseGuard Guard()
        {
            RandomStream looked = _root.Substream("crops looked at");
            float[][] crops =
            [
                .. Enumerable.Range(0, (CropsLookedAt + options.BatchSize - 1) / options.BatchSize)
                    .Select(_ => views.Changed(targetCrops.Deal(looked).Images, ViewChanges.None, looked)),
            ];
            CollapseGuard made = new(
                teaches ? learner.Teacher : learner.Student, crops,
                c => learner.Look(c, teaches, _root.Substream("samples looked at")).Labels, options.LeastShare);
            made.Begin();
            return made;
        }

        void Exchange(StateExchange state)
        {
            foreach (RandomStream stream in new[] { fromSource, fromTarget, changes, samples })
            {
                state.Stream(stream);
            }

            learner.Exchange(state);
            guard?.Exchange(state);
        }
    }

    /// <summary>In joint adaptation weights may begin at random, and their average be worth little: it follows faster at first.</summary>
    private double Keep(int step, bool jointly) =>
        jointly ? Math.Min(1 - (1.0 / (step + 1)), options.Ema) : options.Ema;
}
