using System.Diagnostics;
using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Adaptation.Learning;
using SelfAdapt.Adaptation.Resuming;
using SelfAdapt.Adaptation.Signals;
using SelfAdapt.Adaptation.Stopping;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Autodiff;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Segmentation.Metrics;
using SelfAdapt.Segmentation.Preparation;

namespace SelfAdapt.Adaptation;

/// <summary>
/// A whole SelfAdapt run: crops from unlabeled images, self-training steps, label-free evaluation on some
/// of the images, and the decision which checkpoint is the result (paper sections 3 and 4).
/// </summary>
public sealed class AdaptationLoop : IDisposable
{
    private readonly Network _network;
    private readonly AdaptationOptions _options;
    private readonly SegmentationOptions _segmentation;
    private readonly double _gamma;
    private readonly IRanks _ranks;
    private readonly AdaptationStep _training;
    private readonly EngineNetwork _student;
    private readonly List<EvaluationPoint> _evaluations = [];

    /// <summary>Prepares a run.</summary>
    /// <param name="network">The source network.</param>
    /// <param name="backend">Where it runs.</param>
    /// <param name="options">The method's options.</param>
    /// <param name="segmentation">
    /// How images are prepared and segmented; with no power of intensities given, the run looks for one.
    /// </param>
    /// <exception cref="SelfAdaptException">
    /// <see cref="ErrorKind.InvalidOption"/>: an option is out of range, or the crop does not fit the network.
    /// </exception>
    public AdaptationLoop(
        Network network, Backend backend, AdaptationOptions options, SegmentationOptions segmentation)
        : this(network, backend, options, segmentation, null)
    {
    }

    internal AdaptationLoop(
        Network network, Backend backend, AdaptationOptions options, SegmentationOptions segmentation,
        Func<NetworkWeights, ITeacherEngine>? teacherEngine)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(segmentation);
        options.Validate();
        segmentation.Validate();
        if (options.Crop % network.SizeMultiple != 0)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, $"A crop of {options.Crop} px does not fit this network: take a multiple of "
                + $"{network.SizeMultiple}.");
        }

        if (options.BatchSize < backend.Ranks.Count)
        {
            throw new SelfAdaptException(
                ErrorKind.InvalidOption, $"A batch of {options.BatchSize} crops can't be divided over {backend.Ranks.Count} "
                + "processes: take a larger batch or fewer processes.");
        }

        (_network, _options, _segmentation) = (network, options, segmentation);
        _gamma = segmentation.Gamma ?? network.Gamma;
        _ranks = backend.Ranks;
        _training = new AdaptationStep(network, backend, options, teacherEngine);
        _student = new EngineNetwork(_training.Student, backend);
    }

    /// <summary>
    /// Whether the power of intensities is to be found: where none is given, and outlines on edges, which tell it, decide.
    /// </summary>
    private bool LooksForGamma => _segmentation is { Gamma: null, Normalization: IntensityNormalization.Percentile }
        && _options is { Stop: StopRule.Outlines, Iterations: > 0 };

    /// <summary>The engine that runs the teacher, for the log.</summary>
    public string TeacherEngineName => _training.TeacherEngineName;

    /// <summary>
    /// The images that evaluations look at, evenly among all. Crops are cut from them as well: the signals are not learnt
    /// from, and no better where it was (docs/results.md).
    /// </summary>
    /// <param name="images">All images, in any fixed order.</param>
    /// <param name="options">How many are looked at.</param>
    public static IReadOnlyList<NamedImage> Checked(IReadOnlyList<NamedImage> images, AdaptationOptions options) =>
        [.. SizeFinder.Some(images, options.MaxCheckedImages)];

    /// <summary>
    /// Runs until the stopping rule fires, the iterations are done, or someone asks for an end.
    /// </summary>
    /// <param name="images">Unlabeled images, at least one.</param>
    /// <param name="progress">Told every evaluation; null for nobody.</param>
    /// <param name="cancel">Ends the run after the step in progress.</param>
    /// <returns>The checkpoint that is kept, and how it came about.</returns>
    /// <exception cref="SelfAdaptException">An image does not fit the network.</exception>
    public AdaptationResult Run(
        IReadOnlyList<NamedImage> images, IProgress<EvaluationPoint>? progress = null, CancellationToken cancel = default)
    {
        return Run(images, [], new EvaluationProgress(progress), cancel);
    }

    /// <summary>Runs until the stopping rule fires, the iterations are done, or someone asks for an end.</summary>
    /// <param name="images">Unlabeled images, at least one.</param>
    /// <param name="oracle">Labelled images for the AP column, which decides nothing; may be empty.</param>
    /// <param name="checkpoints">Where states go, and the one to go on from; null: none.</param>
    /// <returns>The checkpoint that is kept, and how it came about.</returns>
    internal AdaptationResult Run(
        IReadOnlyList<NamedImage> images, IReadOnlyList<LabelledImage> oracle, IAdaptationObserver observer,
        CancellationToken cancel, Checkpointing? checkpoints = null)
    {
        Stopwatch watch = Stopwatch.StartNew();
        RandomStream random = new(_options.Seed);
        RandomStream cropRandom = random.Substream("crops");
        RandomStream augmentationRandom = random.Substream("strong augmentation");
        CropSampler sampler = new([.. images.Select(Prepare)], _options);
        StrongAugmenter augmenter = new(_options);
        WarmupCosine schedule = new(_options);
        StopController controller = new(_options);
        CheckedImages looked =
            new(Checked(images, _options), _segmentation, _network.InputChannels, _network.Outputs.Grid, _ranks);
        BatchShare share = _training.Share;
        float[] weak = new float[share.Own * sampler.Length];
        StrongAugmentation[] augmentations = new StrongAugmentation[_options.BatchSize];

        WeightSnapshot kept = _training.Student.Download();

        // A run that goes on knows the source's AP already; its signals are what the later ones are held against.
        EvaluationPoint source = Evaluate(0, looked, checkpoints?.From is null ? oracle : []);
        double before = 0;
        int iteration = 0;
        if (checkpoints?.From is { } from)
        {
            RequireSame(source, from.Evaluations[0]);
            (iteration, kept, before) = (from.Iteration, from.Kept, from.Seconds);
            cropRandom = new RandomStream(cropRandom.Key, from.CropPosition);
            augmentationRandom = new RandomStream(augmentationRandom.Key, from.AugmentationPosition);
            _training.Restore(iteration, from.Training);
            foreach (EvaluationPoint point in from.Evaluations)
            {
                _evaluations.Add(point);
                controller.Add(point);
            }
        }
        else
        {
            Decide(controller, source, observer, kept);
        }

        StopReason reason = SourceCheck.IsHopeless(source.Signals, _options)
            ? StopReason.NoCells
            : controller.Reason ?? StopReason.Completed;

        // Where the streams of random numbers stand behind the steps that were begun: a batch is drawn one step ahead.
        (ulong cropPosition, ulong augmentationPosition) = (cropRandom.Position, augmentationRandom.Position);
        if (iteration < _options.Iterations && reason == StopReason.Completed)
        {
            SendNext();
        }

        while (iteration < _options.Iterations && reason == StopReason.Completed)
        {
            if (_ranks.Any(cancel.IsCancellationRequested))
            {
                reason = StopReason.Cancelled;
                Save();
                break;
            }

            _training.Begin(augmentations.AsSpan(share.First, share.Own), schedule.At(++iteration));
            (cropPosition, augmentationPosition) = (cropRandom.Position, augmentationRandom.Position);
            if (iteration < _options.Iterations)
            {
                // While the device works.
                SendNext();
            }

            StepPoint point = _training.End();
            observer.OnStep(point with { Seconds = before + watch.Elapsed.TotalSeconds });
            if (!double.IsFinite(point.Loss) || !double.IsFinite(point.GradientNorm))
            {
                reason = StopReason.Diverged;
            }
            else if (LookSchedule.IsDue(iteration, _options.Iterations, _options.EvalEvery))
            {
                _training.Align();
                WeightSnapshot now = _training.Student.Download();
                EvaluationPoint evaluation;
                try
                {
                    evaluation = Evaluate(iteration, looked, oracle);
                }
                catch (SelfAdaptException e) when (e.Kind == ErrorKind.Numerics)
                {
                    // The weights ran away after the last finite loss; the checkpoint kept before stays the result.
                    reason = StopReason.Diverged;
                    break;
                }

                if (Decide(controller, evaluation, observer, now) == StopDecision.Keep)
                {
                    kept = now;
                }

                reason = controller.Reason ?? (_ranks.OfFirst(OutOfTime()) ? StopReason.Time : reason);
                Save();

                // An evaluation and a saved state leave several copies of the weights behind, which the runtime would keep
                // for long: given back here, a run takes as much memory after hours as after its first minute.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }
        }

        EvaluationPoint best = controller.Kept ?? source;
        if (LooksForGamma && reason is not (StopReason.NoCells or StopReason.Diverged))
        {
            (best, kept) = WithGamma(looked, oracle, observer, best, kept);
        }

        return new AdaptationResult(kept, best, reason, iteration, _evaluations, before + watch.Elapsed.TotalSeconds);

        bool OutOfTime()
        {
            double seconds = before + watch.Elapsed.TotalSeconds;
            return _options.Minutes > 0 && iteration < _options.Iterations
                && seconds / iteration * LookSchedule.Next(iteration, _options.Iterations, _options.EvalEvery) > _options.Minutes * 60;
        }

        void SendNext()
        {
            sampler.Sample(cropRandom.Ahead(CropSampler.NumbersPerCrop * share.First), weak);
            cropRandom.Skip(CropSampler.NumbersPerCrop * share.Total);
            augmenter.Draw(augmentationRandom, augmentations);
            _training.Send(weak);
        }

        void Save() => checkpoints?.Save(new RunState
        {
            Iteration = iteration,
            CropPosition = cropPosition,
            AugmentationPosition = augmentationPosition,
            Training = _training.Save(),
            Kept = kept,
            Evaluations = [.. _evaluations],
            Seconds = before + watch.Elapsed.TotalSeconds,
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _student.Dispose();
        _training.Dispose();
    }

    /// <summary>The source's own signals are computed anew and must come out as they were.</summary>
    private static void RequireSame(EvaluationPoint now, EvaluationPoint then)
    {
        if (now.Signals != then.Signals)
        {
            throw new SelfAdaptException(
                ErrorKind.OtherRun,
                "The checkpoint is of a run on other images, or with another model or other options: the source model "
                + $"finds {now.Signals.Cells} cells in the images checked, it found {then.Signals.Cells} then. Start anew "
                + "in another folder, or over the old run.");
        }
    }

    private Image Prepare(NamedImage image)
    {
        Image prepared = ImagePreparation.Prepare(image.Image, _segmentation, _network.InputChannels, image.Name);
        InputPower.Raise(prepared.Pixels, _gamma);
        return prepared;
    }

    /// <summary>
    /// The best checkpoint, or the source, with the power of intensities that brings its outlines clearly nearer to the edges: it
    /// is looked for last, as what was learnt at the source's own power gains by another one still (docs/results.md). The source with
    /// a power must be clearly better than the checkpoint with its own: what was learnt is not given up for chance.
    /// </summary>
    private (EvaluationPoint, WeightSnapshot) WithGamma(
        CheckedImages looked, IReadOnlyList<LabelledImage> oracle, IAdaptationObserver observer, EvaluationPoint best,
        WeightSnapshot kept)
    {
        (EvaluationPoint Point, WeightSnapshot Weights, double Gamma) found = (best, kept, _gamma);
        foreach ((EvaluationPoint point, WeightSnapshot weights) in new[]
        {
            (best, kept), (_evaluations[0], new WeightSnapshot(_network.InitialParameters, _network.InitialStatistics)),
        }.DistinctBy(c => c.Item1))
        {
            _training.Student.Upload(weights.Parameters, weights.Statistics);
            if (GammaFinder.Find(looked, _student, found.Point.Signals, _gamma) is { } better)
            {
                found = (point with { Signals = better.Signals }, weights, better.Gamma);
            }
        }

        if (found.Gamma == _gamma)
        {
            return (best, kept);
        }

        _training.Student.Upload(found.Weights.Parameters, found.Weights.Statistics);
        Segmenter segmenter = new(_student, _segmentation with { Gamma = found.Gamma });
        EvaluationPoint raised = found.Point with { Ap50 = AveragePrecision(segmenter, oracle), Gamma = found.Gamma };
        _evaluations.Add(raised);
        observer.OnEvaluation(raised, StopDecision.Keep, found.Weights);
        return (raised, found.Weights);
    }

    private StopDecision Decide(
        StopController controller, EvaluationPoint point, IAdaptationObserver observer, WeightSnapshot weights)
    {
        _evaluations.Add(point);
        StopDecision decision = controller.Add(point);
        observer.OnEvaluation(point, decision, weights);
        return decision;
    }

    private EvaluationPoint Evaluate(int iteration, CheckedImages looked, IReadOnlyList<LabelledImage> oracle)
    {
        Segmenter segmenter = new(_student, _segmentation with { Gamma = _gamma });
        (double? confidence, double? variance) = iteration > 0 ? TeacherSignals() : (null, null);
        return new EvaluationPoint(
            iteration, looked.Measure(_student, _gamma), confidence, variance, AveragePrecision(segmenter, oracle), _gamma);
    }

    private double? AveragePrecision(Segmenter segmenter, IReadOnlyList<LabelledImage> oracle) =>
        oracle.Count == 0
            ? null
            : _ranks.Divide(
                oracle, o => (double[])[InstanceMatching.Match(o.Masks, segmenter.Segment(o.Image, o.Name).Masks, 0.5)
                    .AveragePrecision]).Average();

    /// <summary>Mean confidence and variance over views in the last batch: logged, decisive for nothing.</summary>
    private (double? Confidence, double? Variance) TeacherSignals()
    {
        int plane = _options.Crop * _options.Crop;
        OutputPart? logit = _network.Outputs.Logit;
        float[] logits = logit is null
            ? []
            : [.. _training.Mean.Where((_, i) => i / plane % _network.Outputs.Channels == logit.Channel)];
        return (
            logits.Length == 0 ? null : StoppingSignals.MeanConfidence(logits),
            StoppingSignals.ViewVariance(_training.Deviation));
    }

    private sealed class EvaluationProgress(IProgress<EvaluationPoint>? progress) : IAdaptationObserver
    {
        public void OnEvaluation(EvaluationPoint point, StopDecision decision, WeightSnapshot weights) =>
            progress?.Report(point);
    }
}
