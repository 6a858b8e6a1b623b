using System;
using System.Collections.Generic;
using System.CommandLine;
using SelfAdapt.Adaptation;

namespace SelfAdapt.Tool;

/// <summary>The options of the method; their defaults are those of <see cref="AdaptationOptions"/>.</summary>
internal sealed class AdaptationArguments
{
    private static readonly AdaptationOptions Default = new();

    private readonly List<Option> _all = [];
    private readonly List<Func<ParseResult, AdaptationOptions, AdaptationOptions>> _setters = [];
    private readonly Option<int> _iterations;
    private readonly Option<int?> _warmup;
    private readonly Option<int?> _evalEvery;

    /// <summary>Makes the options.</summary>
    public AdaptationArguments()
    {
        AdaptationOptions d = Default;
        _iterations =
            Value("--iterations", "N", d.Iterations, "Training steps", (o, v) => o with { Iterations = v });
        Value("--batch-size", "N", d.BatchSize, "Crops per step", (o, v) => o with { BatchSize = v });
        Value("--crop", "PX", d.Crop, "Side of a crop at network scale", (o, v) => o with { Crop = v });
        Value("--learning-rate", "X", d.LearningRate, "Peak learning rate", (o, v) =>
            o with { LearningRate = v });
        Value("--learning-rate-floor", "X", d.LearningRateFloor, "Learning rate at the end of the cosine",
            (o, v) => o with { LearningRateFloor = v });
        _warmup = Add(OptionFactory.Optional<int?>(
            "--warmup", "N", "Steps of linear warm-up [default: 2 % of the run, 10 to 500]"));
        Value("--weight-decay", "X", d.WeightDecay, "AdamW's weight decay", (o, v) =>
            o with { WeightDecay = v });
        Meaning("--layers", Word(d.Layers), "Which weights learn", (o, v) => o with { Layers = v },
            ("all", TrainedLayers.All), ("norm", TrainedLayers.Norm), ("shallow", TrainedLayers.Shallow));
        Value("--lambda-l2sp", "X", d.LambdaL2Sp, "Pull towards the source's weights", (o, v) =>
            o with { LambdaL2Sp = v });
        Value("--lambda-bal", "X", d.LambdaBal, "Weight of the regression loss", (o, v) =>
            o with { LambdaBal = v });
        Value("--ema", "X", d.Ema, "The teacher's rate", (o, v) => o with { Ema = v });
        Value("--ema-every", "N", d.EmaEvery, "Steps between updates of the teacher", (o, v) =>
            o with { EmaEvery = v });
        Value("--views", "N", d.Views, "Views that the teacher is averaged over, 1 to 8", (o, v) =>
            o with { Views = v });
        Value("--class-quantile", "X", d.ClassQuantile,
            "Least confident fraction of pixels that is dropped, per class",
            (o, v) => o with { ClassQuantile = v });
        Value("--regression-quantile", "X", d.RegressionQuantile,
            "Steadiest fraction of regression values that is kept",
            (o, v) => o with { RegressionQuantile = v });
        Meaning("--stop", Word(d.Stop), "Which label-free signal ends the run and picks the checkpoint",
            (o, v) => o with { Stop = v },
            ("steadiness", StopRule.Steadiness), ("fn", StopRule.Fn), ("embedding", StopRule.Embedding),
                ("both", StopRule.Both), ("none", StopRule.None));
        Value("--cell-loss-threshold", "X", d.CellLossThreshold,
            "Rule steadiness: largest fraction by which the number of cells may fall",
            (o, v) => o with { CellLossThreshold = v });
        Value("--steadiness-margin", "X", d.SteadinessMargin,
            "Rule steadiness: how far above the source's a checkpoint's must be",
            (o, v) => o with { SteadinessMargin = v });
        Value("--patience", "N", d.Patience,
            "Rule steadiness: evaluations without a better one before the run ends; 0: never",
            (o, v) => o with { Patience = v });
        Value("--fn-threshold", "X", d.FnThreshold, "Largest fraction of the source's cells that may be lost",
            (o, v) => o with { FnThreshold = v });
        Value("--embedding-threshold", "X", d.EmbeddingThreshold, "Largest distance of the embeddings",
            (o, v) => o with { EmbeddingThreshold = v });
        _evalEvery = Add(OptionFactory.Optional<int?>(
            "--eval-every", "N",
                $"Steps between evaluations [default: a fifth of the run, 10 to {AdaptationOptions.Paper.EvalEvery}]"));
        Value("--validation-fraction", "X", d.ValidationFraction,
            "Fraction of the images held out for the signals",
            (o, v) => o with { ValidationFraction = v });
        Value("--max-validation-images", "N", d.MaxValidationImages, "Most images held out",
            (o, v) => o with { MaxValidationImages = v });
        AddNormalisation(d);
        AddAblations();
        Value("--seed", "N", d.Seed, "Seed of every random choice", (o, v) => o with { Seed = v });
    }

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    public void AddTo(Command command)
    {
        foreach (Option option in _all)
        {
            command.Add(option);
        }
    }

    /// <summary>The method's options.</summary>
    /// <param name="parsed">The command line.</param>
    /// <exception cref="SelfAdaptException">Usage: a value is out of its range.</exception>
    public AdaptationOptions Get(ParseResult parsed)
    {
        int iterations = parsed.GetValue(_iterations);
        AdaptationOptions options = Default with
        {
            Warmup = parsed.GetValue(_warmup)
                ?? Math.Min(iterations, Math.Clamp(iterations / 50, 10, AdaptationOptions.Paper.Warmup)),
            EvalEvery = parsed.GetValue(_evalEvery)
                ?? Math.Clamp(iterations / 5, 10, AdaptationOptions.Paper.EvalEvery),
        };
        foreach (Func<ParseResult, AdaptationOptions, AdaptationOptions> setter in _setters)
        {
            options = setter(parsed, options);
        }

        options.Validate();
        return options;
    }

    private void AddNormalisation(AdaptationOptions d)
    {
        Meaning("--student-norm", d.StudentNorm == StudentNorm.Batch ? "batch" : "stored",
            "Statistics of the student's batch normalisation", (o, v) => o with { StudentNorm = v },
            ("batch", StudentNorm.Batch), ("stored", StudentNorm.Stored));
        Meaning("--norm-update", Word(d.NormUpdate), "Inputs that move the stored statistics",
            (o, v) => o with { NormUpdate = v },
            ("strong", NormUpdate.Strong), ("weak", NormUpdate.Weak), ("none", NormUpdate.None));
        Meaning("--teacher-norm", Word(d.TeacherNorm), "Statistics of the teacher's batch normalisation",
            (o, v) => o with { TeacherNorm = v },
            ("source", TeacherNorm.Source), ("ema", TeacherNorm.Ema), ("student", TeacherNorm.Student));
        Value("--norm-momentum", "X", d.NormMomentum, "Weight of a new batch in the stored statistics",
            (o, v) => o with { NormMomentum = v });
    }

    private void AddAblations()
    {
        Switch("--no-confidence-filter", "Learn from every pixel, sure or not", o =>
            o with { UseConfidenceFilter = false });
        Switch("--no-view-averaging", "Label with one view instead of the average", o =>
            o with { UseViewAveraging = false });
        Switch("--no-l2sp", "Don't pull the weights towards the source's", o => o with { UseL2Sp = false });
        Switch("--no-strong-augmentation", "Show the student the teacher's input", o =>
            o with { UseStrongAugmentation = false });
        Switch("--soft-labels", "Learn the teacher's probabilities instead of its classes", o =>
            o with { SoftLabels = true });
        Switch("--average-probabilities", "Average probabilities over views instead of logits",
            o => o with { AverageProbabilities = true });
        Switch("--decoupled-l2sp", "Apply L2-SP like weight decay", o => o with { DecoupledL2Sp = true });
    }

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private Option<T> Add<T>(Option<T> option)
    {
        _all.Add(option);
        return option;
    }

    private Option<T> Value<T>(
        string name, string meta, T fallback, string description,
        Func<AdaptationOptions, T, AdaptationOptions> set)
    {
        Option<T> option = Add(OptionFactory.Default(name, meta, fallback, description));
        _setters.Add((parsed, options) => set(options, parsed.GetRequiredValue(option)));
        return option;
    }

    private void Meaning<T>(
        string name, string fallback, string description, Func<AdaptationOptions, T, AdaptationOptions> set,
        params (string Word, T Meaning)[] meanings)
    {
        Choice<T> choice = new(name, fallback, description, meanings);
        _all.Add(choice.Option);
        _setters.Add((parsed, options) => set(options, choice.Get(parsed)));
    }

    private void Switch(string name, string description, Func<AdaptationOptions, AdaptationOptions> set)
    {
        Option<bool> option = Add(OptionFactory.Flag(name, description));
        _setters.Add((parsed, options) => parsed.GetValue(option) ? set(options) : options);
    }
}
