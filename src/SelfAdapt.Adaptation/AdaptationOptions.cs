namespace SelfAdapt.Adaptation;

/// <summary>
/// Every setting of an adaptation run. Defaults are the paper's (arXiv 2508.11411) where it gives them and nothing
/// measured speaks against it, else what docs/results.md shows to hold up; the schedule is one that a CPU can afford.
/// </summary>
public sealed record AdaptationOptions
{
    /// <summary>
    /// The paper's schedule and stopping rule; its learning rate and warm-up, which it leaves out, as docs/method.md
    /// section 6 fills them.
    /// </summary>
    public static AdaptationOptions Paper { get; } = new()
    {
        Iterations = 25_000,
        BatchSize = 8,
        Crop = 224,
        Views = 6,
        LearningRate = 1e-4,
        Warmup = 500,
        Stop = StopRule.Both,
        EvalEvery = 250,
        Minutes = 0,
    };

    /// <summary>Training steps; 0: the source network is only looked at.</summary>
    [Setting(0, 10_000_000, "Training steps; 0: only look at what the model finds", Group = "schedule")]
    public int Iterations { get; init; } = 640;

    /// <summary>Crops per step.</summary>
    [Setting(1, 1024, "Crops per step", Group = "schedule")]
    public int BatchSize { get; init; } = 4;

    /// <summary>Height and width of a crop, px at the network's scale; a multiple of 16.</summary>
    [Setting(16, 4096, "Side of a crop at network scale", Step = 16, Unit = "px", Group = "schedule")]
    public int Crop { get; init; } = 128;

    /// <summary>Peak learning rate of AdamW; 0 leaves the weights alone.</summary>
    [Setting(0, 1, "Peak learning rate", Group = "schedule")]
    public double LearningRate { get; init; } = 5e-5;

    /// <summary>Learning rate at the end of the cosine; never above the peak.</summary>
    [Setting(0, 1, "Learning rate at the end of the cosine", Group = "schedule")]
    public double LearningRateFloor { get; init; } = 1e-6;

    /// <summary>Steps of linear warm-up, at most <see cref="Iterations"/>.</summary>
    [Setting(0, 10_000_000, "Steps of linear warm-up", Default = "2 % of the run, 10 to 500", Group = "schedule")]
    public int Warmup { get; init; } = 10;

    /// <summary>AdamW's decoupled weight decay.</summary>
    [Setting(0, 100, "AdamW's weight decay", Group = "schedule")]
    public double WeightDecay { get; init; } = 1e-3;

    /// <summary>Which weights learn.</summary>
    [Setting("Which weights learn", Group = "schedule")]
    public TrainedLayers Layers { get; init; } = TrainedLayers.All;

    /// <summary>Weight of L2-SP, sum (w - w0)^2 (paper eq. 2).</summary>
    [Setting(0, 1e6, "Pull towards the source's weights", Group = "loss")]
    public double LambdaL2Sp { get; init; } = 1e-3;

    /// <summary>Weight of the regression loss beside the cross-entropy (paper eq. 1).</summary>
    [Setting(0, 1e6, "Weight of the regression loss", Group = "loss")]
    public double LambdaBal { get; init; } = 0.5;

    /// <summary>The teacher's rate: teacher = Ema * teacher + (1 - Ema) * student.</summary>
    [Setting(0, 1, "The teacher's rate", Group = "teacher")]
    public double Ema { get; init; } = 0.99;

    /// <summary>Steps between two updates of the teacher.</summary>
    [Setting(1, 10_000_000, "Steps between updates of the teacher", Group = "teacher")]
    public int EmaEvery { get; init; } = 1;

    /// <summary>Teacher views, 1 to 8, in the order of <see cref="Models.Graph.Orientation"/>.</summary>
    [Setting(1, 8, "Views that the teacher is averaged over, 1 to 8", Group = "teacher")]
    public int Views { get; init; } = 2;

    /// <summary>Quantile of the class confidence below which a pixel is dropped.</summary>
    [Setting(0, 1, "Least confident fraction of pixels that is dropped, per class", Group = "teacher")]
    public double ClassQuantile { get; init; } = 0.2;

    /// <summary>Quantile of the deviation over views above which a regression value is dropped.</summary>
    [Setting(0, 1, "Steadiest fraction of regression values that is kept", Group = "teacher")]
    public double RegressionQuantile { get; init; } = 0.8;

    /// <summary>Rate of the thresholds' moving average.</summary>
    [Setting(0, 1)]
    public double ThresholdKeep { get; init; } = 0.99;

    /// <summary>Drop unsure pixels from the loss (paper Table 2, "conf. filter").</summary>
    [Setting("Learn from every pixel, sure or not", Group = "ablations")]
    public bool UseConfidenceFilter { get; init; } = true;

    /// <summary>Average the teacher over views (paper Table 2, "teacher TTA"); else one view.</summary>
    [Setting("Label with one view instead of the average", Group = "ablations")]
    public bool UseViewAveraging { get; init; } = true;

    /// <summary>Pull the weights to the source's (paper Table 2, "L2-SP").</summary>
    [Setting("Don't pull the weights towards the source's", Group = "ablations")]
    public bool UseL2Sp { get; init; } = true;

    /// <summary>Augment the student's input strongly (paper Table 2, "student aug").</summary>
    [Setting("Show the student the teacher's input", Group = "ablations")]
    public bool UseStrongAugmentation { get; init; } = true;

    /// <summary>Cross-entropy against the teacher's probability instead of its hard class.</summary>
    [Setting("Learn the teacher's probabilities instead of its classes", Group = "ablations")]
    public bool SoftLabels { get; init; }

    /// <summary>Average probabilities over views instead of logits.</summary>
    [Setting("Average probabilities over views instead of logits", Group = "ablations")]
    public bool AverageProbabilities { get; init; }

    /// <summary>Apply L2-SP like weight decay instead of through Adam's gradient.</summary>
    [Setting("Apply L2-SP like weight decay", Group = "ablations")]
    public bool DecoupledL2Sp { get; init; }

    /// <summary>Ranges of the strong augmentation.</summary>
    [Setting]
    public StrongAugmentationRanges Strong { get; init; } = new();

    /// <summary>Smallest magnification of a crop.</summary>
    [Setting(0.1, 10)]
    public double CropScaleMin { get; init; } = 0.75;

    /// <summary>Largest magnification of a crop.</summary>
    [Setting(0.1, 10)]
    public double CropScaleMax { get; init; } = 1.25;

    /// <summary>Flip crops at random, teacher's and student's input alike.</summary>
    public bool CropFlip { get; init; } = true;

    /// <summary>The student's batch normalisation.</summary>
    [Setting("Statistics of the student's batch normalisation", Group = "normalisation")]
    public StudentNorm StudentNorm { get; init; } = StudentNorm.Batch;

    /// <summary>Which inputs move the stored statistics.</summary>
    [Setting("Inputs that move the stored statistics", Group = "normalisation")]
    public NormUpdate NormUpdate { get; init; } = NormUpdate.Weak;

    /// <summary>The teacher's batch normalisation.</summary>
    [Setting("Statistics of the teacher's batch normalisation", Group = "normalisation")]
    public TeacherNorm TeacherNorm { get; init; } = TeacherNorm.Ema;

    /// <summary>Weight of a new batch in the stored statistics.</summary>
    [Setting(0, 1, "Weight of a new batch in the stored statistics", Group = "normalisation")]
    public double NormMomentum { get; init; } = 0.05;

    /// <summary>What ends the run.</summary>
    [Setting("Which label-free signal ends the run and picks the checkpoint", Group = "stopping")]
    public StopRule Stop { get; init; } = StopRule.Outlines;

    /// <summary>tau_FN of the paper.</summary>
    [Setting(0, 1, "Largest fraction of the source's cells that may be lost", Group = "stopping")]
    public double FnThreshold { get; init; } = 0.05;

    /// <summary>tau_emb of the paper.</summary>
    [Setting(0, 1e6, "Largest distance of the embeddings", Group = "stopping")]
    public double EmbeddingThreshold { get; init; } = 0.5;

    /// <summary>Rule outlines: evaluations without a better one before the run ends; 0: never.</summary>
    [Setting(0, 10_000_000, "Rule outlines: evaluations without a better one before the run ends; 0: never",
        Group = "stopping")]
    public int Patience { get; init; } = 4;

    /// <summary>Steps between two evaluations; 0: growing distances, after 10, 20, 40, 60, 80, 120, ... steps.</summary>
    [Setting(0, 10_000_000, "Steps between evaluations; 0: after 10, 20, 40, 60, 80, 120, ... steps", Group = "stopping")]
    public int EvalEvery { get; init; }

    /// <summary>
    /// Minutes that a run may take: before an evaluation that it would not reach in time, it ends; 0: no limit.
    /// </summary>
    [Setting(0, 1e6, "Minutes that the run may take; 0: no limit", Unit = "min",
        Default = "10; 0 where the steps are given", Group = "schedule", Basic = true)]
    public double Minutes { get; init; } = 10;

    /// <summary>Most images that an evaluation looks at, evenly among all.</summary>
    [Setting(1, 1_000_000, "Most images that an evaluation looks at", Group = "stopping")]
    public int MaxCheckedImages { get; init; } = 16;

    /// <summary>Seed of every random choice.</summary>
    [Setting("Seed of every random choice", Group = "schedule")]
    public ulong Seed { get; init; }

    /// <summary>Checks every range.</summary>
    /// <exception cref="SelfAdaptException">
    /// A value is out of its range (<see cref="ErrorKind.InvalidOption"/>); the message names it and the range.
    /// </exception>
    public void Validate()
    {
        Settings.Check(this);
        Settings.Require(
            Warmup <= Iterations || Iterations == 0,
            $"{nameof(Warmup)} takes {Warmup} steps, but the run has {Iterations}: the peak learning rate would never "
            + $"be reached. Lower {nameof(Warmup)} (2 % of the run is usual) or raise {nameof(Iterations)}.");
        Settings.CheckOrder(nameof(CropScaleMin), CropScaleMin, nameof(CropScaleMax), CropScaleMax);
        Strong.CheckOrders();
    }
}

/// <summary>Ranges that the strong augmentation is drawn from, evenly (docs/method.md, right column).</summary>
public sealed record StrongAugmentationRanges
{
    /// <summary>Probability that a sample is augmented at all.</summary>
    [Setting(0, 1)]
    public double Probability { get; init; } = 0.75;

    /// <summary>Smallest brightness factor.</summary>
    [Setting(0, 10)]
    public double BrightnessMin { get; init; } = 0.2;

    /// <summary>Largest brightness factor.</summary>
    [Setting(0, 10)]
    public double BrightnessMax { get; init; } = 1.8;

    /// <summary>Smallest contrast factor.</summary>
    [Setting(0, 10)]
    public double ContrastMin { get; init; } = 0.2;

    /// <summary>Largest contrast factor.</summary>
    [Setting(0, 10)]
    public double ContrastMax { get; init; } = 1.8;

    /// <summary>Smallest standard deviation of the blur, px.</summary>
    [Setting(0, 30, Unit = "px")]
    public double BlurMin { get; init; } = 0.1;

    /// <summary>Largest standard deviation of the blur, px; 0 turns the blur off.</summary>
    [Setting(0, 30, Unit = "px")]
    public double BlurMax { get; init; } = 2;

    /// <summary>Standard deviation of the noise, in units of the normalised image.</summary>
    [Setting(0, 10)]
    public double Noise { get; init; } = 0.2;

    internal void CheckOrders()
    {
        Settings.CheckOrder(nameof(BrightnessMin), BrightnessMin, nameof(BrightnessMax), BrightnessMax);
        Settings.CheckOrder(nameof(ContrastMin), ContrastMin, nameof(ContrastMax), ContrastMax);
        Settings.CheckOrder(nameof(BlurMin), BlurMin, nameof(BlurMax), BlurMax);
    }
}
