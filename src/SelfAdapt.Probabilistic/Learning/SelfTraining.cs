using SelfAdapt.Adaptation.Foreground;
using SelfAdapt.Adaptation.Resuming;
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
    private readonly RandomStream _root = new((ulong)options.Seed);

    /// <param name="source">Labelled images; none in separate adaptation.</param>
    /// <param name="targets">Images without labels; none in source training.</param>
    /// <param name="alignment">Scales labels of targets; null: they stay.</param>
    public void Train(
        IReadOnlyList<TrainingPlane> source, IReadOnlyList<TrainingPlane> targets, DistributionAlignment? alignment,
        Action<TrainingStep> report, CancellationToken cancel, TrainingCheckpoint? checkpoint = null)
    {
        ViewMaker views = new(options.Crop, standardised);
        CropDealer sourceCrops = new(source, options.BatchSize, options.Crop);
        CropDealer targetCrops = new(targets, options.BatchSize, options.Crop);
        (RandomStream fromSource, RandomStream fromTarget) = (_root.Substream("source crops"), _root.Substream("target crops"));
        (RandomStream changes, RandomStream samples) = (_root.Substream("views"), _root.Substream("samples"));
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
                bool teaches = options.Scheme == SelfTrainingScheme.MeanTeacher;
                Opinion opinion = learner.Look(views.Changed(crops, ViewChanges.Weak, changes), teaches, samples);
                consensus = opinion.Consensus;
                float[] view = views.Changed(crops, teaches ? ViewChanges.Weak : ViewChanges.Strong, changes);
                parts.Add(new(view, alignment?.Align(opinion.Labels) ?? opinion.Labels, opinion.Filter(options.Filter)));
            }

            double rate = options.RateAt(step);
            double loss = learner.Learn(parts, rate, Keep(step, source.Count > 0), samples);
            report(new(step, rate, loss, loop.Seconds) { Consensus = consensus });
            return true;
        });

        void Exchange(StateExchange state)
        {
            foreach (RandomStream stream in new[] { fromSource, fromTarget, changes, samples })
            {
                state.Stream(stream);
            }

            learner.Exchange(state);
        }
    }

    /// <summary>From random weights the average is worth little at first: it follows faster.</summary>
    private double Keep(int step, bool fromScratch) =>
        fromScratch ? Math.Min(1 - (1.0 / (step + 1)), options.Ema) : options.Ema;
}
