using System.CommandLine;
using System.Globalization;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.CommandLine;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Segmenting;

/// <summary>The options that decide how an image becomes masks, in Cellpose's vocabulary.</summary>
internal sealed class SegmentationArguments
{
    private readonly SettingOptions<SegmentationOptions> _options;
    private readonly SettingOptions<FoundSettings> _found = new();
    private readonly ChannelNumbers _numbers = new();

    /// <summary>Makes the options.</summary>
    /// <param name="withBatchSize">Whether --batch-size is one of them.</param>
    public SegmentationArguments(bool withBatchSize) =>
        _options = new(name => withBatchSize || name != nameof(SegmentationOptions.BatchSize));

    /// <summary>Adds all options to a verb.</summary>
    public void AddTo(Command command)
    {
        _found.AddTo(command);
        _options.AddTo(command);
        _numbers.AddTo(command, _options[nameof(SegmentationOptions.Channels)]);
    }

    /// <summary>The options for a model.</summary>
    /// <param name="model">The model, which may tell diameters and normalisation.</param>
    /// <param name="outputs">What its outputs mean.</param>
    /// <param name="batchSize">Tiles per network call; null: as the options say.</param>
    /// <param name="threads">Threads that build masks; 0: one per processor.</param>
    /// <exception cref="SelfAdaptException">Usage: a value is out of its range.</exception>
    public SegmentationOptions Get(
        ParseResult parsed, ModelFile model, OutputDescription outputs, int? batchSize, int threads)
    {
        SegmentationOptions given = _options.Get(parsed);
        double known = model.KnownDiameter(outputs);
        SegmentationOptions options = given with
        {
            Diameter = _found.Get(parsed).Diameter is { Pixels: > 0 } asked ? asked.Pixels : known,
            DiamMean = _options.GivenOr(parsed, given.DiamMean, model.DiamMean ?? CellposeModels.Diameter),
            Gamma = _found.Get(parsed).Gamma is { IsAuto: false } choice ? choice.Power ?? model.Gamma : null,
            Channels = _numbers.Get(parsed, given.Channels),
            Normalization = _options.GivenOr(parsed, given.Normalization, model.Normalization),
            BatchSize = batchSize ?? given.BatchSize,
            Threads = threads,
        };
        if (outputs.HasRays && StarDistThresholds.Of(model) is { } tuned)
        {
            options = options with
            {
                CellprobThreshold = _options.GivenOr(parsed, given.CellprobThreshold, tuned.Logit),
                NmsThreshold = _options.GivenOr(parsed, given.NmsThreshold, tuned.Nms),
            };
        }

        if (ImageInput.Read(model.Onnx) is { IsInteger: true } image)
        {
            if (_options.IsGiven(parsed, nameof(given.Normalization))
                && given.Normalization != IntensityNormalization.None)
            {
                throw new SelfAdaptException(
                    ErrorKind.InvalidOption, model.Path,
                    $"its input takes whole numbers ({image.Type}), intensities as they are in the image. Leave out "
                    + "--normalize.");
            }

            options = options with { Normalization = IntensityNormalization.None };
        }

        _found.Check(() => _options.Check(options.Validate));
        return options;
    }

    /// <summary>Whether a power of intensities is given.</summary>
    public bool HasGamma(ParseResult parsed) => _found.Get(parsed).Gamma.Power is not null;

    /// <summary>What is to be found on the images.</summary>
    public FoundOnImages ToFind(ParseResult parsed) =>
        new(
            _found.Get(parsed).Diameter.IsAuto, _found.Get(parsed).Gamma.IsAuto,
            _found.Get(parsed).Invert && !_options.IsGiven(parsed, nameof(SegmentationOptions.Invert)));

    /// <summary>What the diameters and the normalisation come to, in one line.</summary>
    /// <param name="options">The options in use.</param>
    public static string DescribeScale(SegmentationOptions options) => (options.Diameter > 0
        ? string.Create(CultureInfo.InvariantCulture,
            $"diameter {options.Diameter:0.##} px, network {options.DiamMean:0.##} px: images x "
                + $"{options.Rescale:0.###}")
        : "images as they are, not rescaled")
        + options.Normalization switch
        {
            IntensityNormalization.None => "; intensities as they are",
            IntensityNormalization.ZeroMeanUnitVariance => "; intensities of mean 0 and deviation 1",
            _ => "",
        }
        + (options.Invert ? "; inverted" : "")
        + (options.Gamma is null or 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"; gamma {options.Gamma:0.##}"));

    private sealed record FoundSettings
    {
        [Setting(
            "Mean object diameter in the images; auto: found on a few of them (segment: that of the run which made the model, where "
            + "one did); 0: that of the model's training images where the file tells it, else 30. A network without flows "
            + "that tells none: images are not rescaled",
            Group = "masks", Basic = true)]
        public DiameterChoice Diameter { get; init; } = DiameterChoice.Automatic;

        [Setting(
            "Power of the normalised intensities (below 1 raises what is dim); auto: found on a few images. It goes into the "
            + "adapted model's graph",
            Group = "masks", Default = "adapt: auto; else the model's own")]
        public GammaChoice Gamma { get; init; } = new(false, null);

        [Setting("Leave intensities as they are without asking whether objects are dark on a bright ground", Group = "masks")]
        public bool Invert { get; init; } = true;
    }
}
