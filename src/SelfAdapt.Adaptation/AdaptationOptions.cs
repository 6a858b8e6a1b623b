using System;
using System.Globalization;

namespace SelfAdapt.Adaptation;

/// <summary>
/// Every setting of an adaptation run. Defaults are the paper's (arXiv 2508.11411) where it gives them and nothing
/// measured speaks against it, else what docs/results.md shows to hold up; the schedule is one that a CPU can afford.
/// </summary>
public sealed record AdaptationOptions
{
    /// <summary>
    /// The paper's schedule and stopping rule; its learning rate and warm-up, which it leaves out, as spec/selfadapt.md
    /// section 6 fills them.
    /// </summary>
    public static AdaptationOptions Paper { get; } = new()
    {
        Iterations = 25_000,
        BatchSize = 8,
        Crop = 224,
        LearningRate = 1e-4,
        Warmup = 500,
        Stop = StopRule.Both,
        EvalEvery = 250,
    };

    /// <summary>Training steps.</summary>
    public int Iterations { get; init; } = 100;

    /// <summary>Crops per step.</summary>
    public int BatchSize { get; init; } = 4;

    /// <summary>Height and width of a crop, px at the network's scale; a multiple of 16.</summary>
    public int Crop { get; init; } = 128;

    /// <summary>Peak learning rate of AdamW; 0 leaves the weights alone.</summary>
    public double LearningRate { get; init; } = 5e-5;

    /// <summary>Learning rate at the end of the cosine; never above the peak.</summary>
    public double LearningRateFloor { get; init; } = 1e-6;

    /// <summary>Steps of linear warm-up, at most <see cref="Iterations"/>.</summary>
    public int Warmup { get; init; } = 10;

    /// <summary>AdamW's decoupled weight decay.</summary>
    public double WeightDecay { get; init; } = 1e-3;

    /// <summary>Which weights learn.</summary>
    public TrainedLayers Layers { get; init; } = TrainedLayers.All;

    /// <summary>Weight of L2-SP, sum (w - w0)^2 (paper eq. 2).</summary>
    public double LambdaL2Sp { get; init; } = 1e-3;

    /// <summary>Weight of the regression loss beside the cross-entropy (paper eq. 1).</summary>
    public double LambdaBal { get; init; } = 0.5;

    /// <summary>The teacher's rate: teacher = Ema * teacher + (1 - Ema) * student.</summary>
    public double Ema { get; init; } = 0.99;

    /// <summary>Steps between two updates of the teacher.</summary>
    public int EmaEvery { get; init; } = 1;

    /// <summary>Teacher views, 1 to 8, in the order of <see cref="Compute.View"/>.</summary>
    public int Views { get; init; } = 6;

    /// <summary>Quantile of the class confidence below which a pixel is dropped.</summary>
    public double ClassQuantile { get; init; } = 0.2;

    /// <summary>Quantile of the deviation over views above which a regression value is dropped.</summary>
    public double RegressionQuantile { get; init; } = 0.8;

    /// <summary>Rate of the thresholds' moving average.</summary>
    public double ThresholdKeep { get; init; } = 0.99;

    /// <summary>Drop unsure pixels from the loss (paper Table 2, "conf. filter").</summary>
    public bool UseConfidenceFilter { get; init; } = true;

    /// <summary>Average the teacher over views (paper Table 2, "teacher TTA"); else one view.</summary>
    public bool UseViewAveraging { get; init; } = true;

    /// <summary>Pull the weights to the source's (paper Table 2, "L2-SP").</summary>
    public bool UseL2Sp { get; init; } = true;

    /// <summary>Augment the student's input strongly (paper Table 2, "student aug").</summary>
    public bool UseStrongAugmentation { get; init; } = true;

    /// <summary>Cross-entropy against the teacher's probability instead of its hard class.</summary>
    public bool SoftLabels { get; init; }

    /// <summary>Average probabilities over views instead of logits.</summary>
    public bool AverageProbabilities { get; init; }

    /// <summary>Apply L2-SP like weight decay instead of through Adam's gradient.</summary>
    public bool DecoupledL2Sp { get; init; }

    /// <summary>Ranges of the strong augmentation.</summary>
    public StrongAugmentationRanges Strong { get; init; } = new();

    /// <summary>Smallest magnification of a crop.</summary>
    public double CropScaleMin { get; init; } = 0.75;

    /// <summary>Largest magnification of a crop.</summary>
    public double CropScaleMax { get; init; } = 1.25;

    /// <summary>Flip crops at random, teacher's and student's input alike.</summary>
    public bool CropFlip { get; init; } = true;

    /// <summary>The student's batch normalisation.</summary>
    public StudentNorm StudentNorm { get; init; } = StudentNorm.Batch;

    /// <summary>Which inputs move the stored statistics.</summary>
    public NormUpdate NormUpdate { get; init; } = NormUpdate.Weak;

    /// <summary>The teacher's batch normalisation.</summary>
    public TeacherNorm TeacherNorm { get; init; } = TeacherNorm.Ema;

    /// <summary>Weight of a new batch in the stored statistics.</summary>
    public double NormMomentum { get; init; } = 0.05;

    /// <summary>What ends the run.</summary>
    public StopRule Stop { get; init; } = StopRule.Steadiness;

    /// <summary>tau_FN of the paper.</summary>
    public double FnThreshold { get; init; } = 0.05;

    /// <summary>tau_emb of the paper.</summary>
    public double EmbeddingThreshold { get; init; } = 0.5;

    /// <summary>Rule steadiness: largest fraction by which the number of cells may fall below the source's.</summary>
    public double CellLossThreshold { get; init; } = 0.02;

    /// <summary>Rule steadiness: how far a checkpoint must be above the source network to replace it.</summary>
    public double SteadinessMargin { get; init; } = 0.01;

    /// <summary>Rule steadiness: evaluations without a better one before the run ends; 0: never.</summary>
    public int Patience { get; init; } = 10;

    /// <summary>Steps between two evaluations.</summary>
    public int EvalEvery { get; init; } = 20;

    /// <summary>
    /// Fraction of the images held out for the stopping signals; at least eight images, or a third of them.
    /// </summary>
    public double ValidationFraction { get; init; } = 0.1;

    /// <summary>Most images held out.</summary>
    public int MaxValidationImages { get; init; } = 200;

    /// <summary>Seed of every random choice.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks every range.</summary>
    /// <exception cref="SelfAdaptException">
    /// A value is out of its range (<see cref="ExitCode.Usage"/>); the message names it and the range.
    /// </exception>
    public void Validate()
    {
        CheckRange(nameof(Iterations), Iterations, 1, 10_000_000);
        CheckRange(nameof(BatchSize), BatchSize, 1, 1024);
        CheckRange(nameof(Crop), Crop, 16, 4096);
        if (Crop % 16 != 0)
        {
            int nearest = Math.Max(16, (Crop + 8) / 16 * 16);
            throw Wrong(
                $"{nameof(Crop)} is {Crop} px, but the network needs a multiple of 16; try {nearest}.");
        }

        CheckRange(nameof(LearningRate), LearningRate, 0, 1);
        CheckRange(nameof(LearningRateFloor), LearningRateFloor, 0, 1);
        CheckRange(nameof(Warmup), Warmup, 0, 10_000_000);
        if (Warmup > Iterations)
        {
            throw Wrong(
                $"{nameof(Warmup)} takes {Warmup} steps, but the run has {Iterations}: the peak learning " +
                $"rate would never be reached. Lower {nameof(Warmup)} (2 % of the run is usual) or raise " +
                $"{nameof(Iterations)}.");
        }

        CheckRange(nameof(WeightDecay), WeightDecay, 0, 100);
        CheckRange(nameof(LambdaL2Sp), LambdaL2Sp, 0, 1e6);
        CheckRange(nameof(LambdaBal), LambdaBal, 0, 1e6);
        CheckRange(nameof(Ema), Ema, 0, 1);
        CheckRange(nameof(EmaEvery), EmaEvery, 1, 10_000_000);
        CheckRange(nameof(Views), Views, 1, 8);
        CheckRange(nameof(ClassQuantile), ClassQuantile, 0, 1);
        CheckRange(nameof(RegressionQuantile), RegressionQuantile, 0, 1);
        CheckRange(nameof(ThresholdKeep), ThresholdKeep, 0, 1);
        Strong.Validate();
        CheckInterval(nameof(CropScaleMin), CropScaleMin, nameof(CropScaleMax), CropScaleMax, 0.1, 10);
        CheckRange(nameof(NormMomentum), NormMomentum, 0, 1);
        CheckRange(nameof(FnThreshold), FnThreshold, 0, 1);
        CheckRange(nameof(EmbeddingThreshold), EmbeddingThreshold, 0, 1e6);
        CheckRange(nameof(CellLossThreshold), CellLossThreshold, 0, 1);
        CheckRange(nameof(SteadinessMargin), SteadinessMargin, 0, 1);
        CheckRange(nameof(Patience), Patience, 0, 10_000_000);
        CheckRange(nameof(EvalEvery), EvalEvery, 1, 10_000_000);
        CheckRange(nameof(ValidationFraction), ValidationFraction, 0, 0.9);
        CheckRange(nameof(MaxValidationImages), MaxValidationImages, 0, 1_000_000);
        CheckChoices();
    }

    /// <summary>Throws unless low &lt;= value &lt;= high; NaN is out of every range.</summary>
    internal static void CheckRange(string name, double value, double low, double high)
    {
        if (!(value >= low && value <= high))
        {
            throw Wrong(string.Create(
                CultureInfo.InvariantCulture,
                $"{name} is {value}, but must lie between {low} and {high}."));
        }
    }

    /// <summary>Throws unless low &lt;= from &lt;= to &lt;= high.</summary>
    internal static void CheckInterval(
        string fromName, double from, string toName, double to, double low, double high)
    {
        CheckRange(fromName, from, low, high);
        CheckRange(toName, to, low, high);
        if (from > to)
        {
            throw Wrong(string.Create(
                CultureInfo.InvariantCulture,
                $"{fromName} is {from}, above {toName}, which is {to}; exchange them."));
        }
    }

    private static SelfAdaptException Wrong(string message) => new(ExitCode.Usage, message);

    private void CheckChoices()
    {
        if (!Enum.IsDefined(StudentNorm) || !Enum.IsDefined(NormUpdate) || !Enum.IsDefined(TeacherNorm) ||
            !Enum.IsDefined(Stop) || !Enum.IsDefined(Layers))
        {
            throw Wrong(
                $"One of {nameof(StudentNorm)}, {nameof(NormUpdate)}, {nameof(TeacherNorm)}, " +
                $"{nameof(Stop)} and {nameof(Layers)} has a value without a name; give one of the names the documentation lists.");
        }
    }
}

/// <summary>
/// Ranges that the strong augmentation is drawn from, evenly (spec/selfadapt.md section 5, right column).
/// </summary>
public sealed record StrongAugmentationRanges
{
    /// <summary>Probability that a sample is augmented at all.</summary>
    public double Probability { get; init; } = 0.75;

    /// <summary>Smallest brightness factor.</summary>
    public double BrightnessMin { get; init; } = 0.2;

    /// <summary>Largest brightness factor.</summary>
    public double BrightnessMax { get; init; } = 1.8;

    /// <summary>Smallest contrast factor.</summary>
    public double ContrastMin { get; init; } = 0.2;

    /// <summary>Largest contrast factor.</summary>
    public double ContrastMax { get; init; } = 1.8;

    /// <summary>Smallest standard deviation of the blur, px.</summary>
    public double BlurMin { get; init; } = 0.1;

    /// <summary>Largest standard deviation of the blur, px; 0 turns the blur off.</summary>
    public double BlurMax { get; init; } = 2;

    /// <summary>Standard deviation of the noise, in units of the normalised image.</summary>
    public double Noise { get; init; } = 0.2;

    /// <summary>Checks every range.</summary>
    /// <exception cref="SelfAdaptException">A value is out of its range.</exception>
    internal void Validate()
    {
        AdaptationOptions.CheckRange("Augmentation probability", Probability, 0, 1);
        AdaptationOptions.CheckInterval(
            nameof(BrightnessMin), BrightnessMin, nameof(BrightnessMax), BrightnessMax, 0, 10);
        AdaptationOptions.CheckInterval(
            nameof(ContrastMin), ContrastMin, nameof(ContrastMax), ContrastMax, 0, 10);
        AdaptationOptions.CheckInterval(nameof(BlurMin), BlurMin, nameof(BlurMax), BlurMax, 0, 30);
        AdaptationOptions.CheckRange(nameof(Noise), Noise, 0, 10);
    }
}
