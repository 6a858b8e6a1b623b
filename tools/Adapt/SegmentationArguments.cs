using System;
using System.CommandLine;
using System.Globalization;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Tool;

/// <summary>The options that decide how an image becomes masks, in Cellpose's vocabulary.</summary>
internal sealed class SegmentationArguments
{
    /// <summary>The diameter that Cellpose trains its networks for cells at, px.</summary>
    public const int CellposeDiameter = 30;

    private static readonly SegmentationOptions Cellpose = new();

    private readonly Option<double?> _diameter = OptionFactory.Optional<double?>(
        "--diameter", "PX",
            "Mean object diameter in the images; 0 or absent: that of the model's training images "
        + "where the file tells it, else 30 (a network without flows: images are not rescaled)");

    private readonly Option<double?> _diamMean = OptionFactory.Optional<double?>(
        "--diam-mean", "PX",
            "Diameter that the network was trained at [default: from the model file, else 30]");

    private readonly Option<ChannelPair?> _channels = OptionFactory.Channels();

    private readonly Option<int?> _chan = OptionFactory.Optional<int?>(
        "--chan", "N", "First number of --channels, as in Cellpose");

    private readonly Option<int?> _chan2 = OptionFactory.Optional<int?>(
        "--chan2", "N", "Second number of --channels, as in Cellpose");

    private readonly Choice<IntensityNormalization> _normalize = new(
        "--normalize", "percentile", "How intensities are normalised, per channel",
        ("percentile", IntensityNormalization.Percentile),
        ("zscore", IntensityNormalization.ZeroMeanUnitVariance), ("none", IntensityNormalization.None));

    private readonly Option<bool> _invert = OptionFactory.Flag(
        "--invert", "Dark objects on a bright ground: invert the normalised image");

    private readonly Option<double> _flowThreshold = OptionFactory.Default(
        "--flow-threshold", "X", Cellpose.FlowThreshold, "Largest flow error of a mask; 0 keeps all");

    private readonly Option<double> _cellprobThreshold = OptionFactory.Default(
        "--cellprob-threshold", "X", Cellpose.CellprobThreshold,
            "A pixel is cell where its logit is above this");

    private readonly Option<int> _minSize = OptionFactory.Default(
        "--min-size", "PIXELS", Cellpose.MinSize, "Smaller masks are removed");

    private readonly Option<int> _niter = OptionFactory.Default(
        "--niter", "N", Cellpose.Niter, "Steps along the flow; 0: by the diameter");

    private readonly Option<bool> _augment = OptionFactory.Flag(
        "--augment", "Average over flipped, overlapping tiles");

    private readonly Option<bool> _noResample = OptionFactory.Flag(
        "--no-resample", "Build masks at the network's scale: faster, coarser outlines");

    private readonly Option<bool> _excludeOnEdges = OptionFactory.Flag(
        "--exclude-on-edges", "Remove masks that touch the image border");

    /// <summary>Adds all options to a verb.</summary>
    /// <param name="command">The verb.</param>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])
            [_diameter, _diamMean, _channels, _chan, _chan2, _normalize.Option, _invert, _flowThreshold,
            _cellprobThreshold, _minSize, _niter, _augment, _noResample, _excludeOnEdges])
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(_channels) is not null
                && (result.GetResult(_chan) is not null || result.GetResult(_chan2) is not null))
            {
                result.AddError("--channels and --chan, --chan2 say the same: give one of the two forms.");
            }
        });
    }

    /// <summary>The options for a model.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="model">The model, which may tell diameters.</param>
    /// <param name="outputs">What its outputs mean.</param>
    /// <param name="batchSize">Tiles per network call.</param>
    /// <param name="threads">Threads that build masks; 0: one per processor.</param>
    /// <exception cref="SelfAdaptException">Usage: a value is out of its range.</exception>
    public SegmentationOptions Get(
        ParseResult parsed, ModelFile model, OutputDescription outputs, int batchSize, int threads)
    {
        (double diameter, double diamMean) = Diameters(parsed, model, outputs);
        SegmentationOptions options = new()
        {
            Diameter = diameter,
            DiamMean = diamMean,
            Channels = parsed.GetValue(_channels)
                ?? new ChannelPair(parsed.GetValue(_chan) ?? 0, parsed.GetValue(_chan2) ?? 0),
            Normalization = _normalize.Get(parsed),
            Invert = parsed.GetValue(_invert),
            FlowThreshold = parsed.GetValue(_flowThreshold),
            CellprobThreshold = parsed.GetValue(_cellprobThreshold),
            MinSize = parsed.GetValue(_minSize),
            Niter = parsed.GetValue(_niter),
            Augment = parsed.GetValue(_augment),
            Resample = !parsed.GetValue(_noResample),
            BatchSize = batchSize,
            Threads = threads,
            ExcludeOnEdges = parsed.GetValue(_excludeOnEdges),
        };
        options.Validate();
        return options;
    }

    /// <summary>What the diameters come to, in one line.</summary>
    /// <param name="options">The options in use.</param>
    public static string DescribeScale(SegmentationOptions options) => options.Diameter > 0
        ? string.Create(CultureInfo.InvariantCulture,
            $"diameter {options.Diameter:0.##} px, network {options.DiamMean:0.##} px: images x "
                + $"{options.Rescale:0.###}")
        : "images as they are, not rescaled";

    private (double Diameter, double DiamMean) Diameters(
        ParseResult parsed, ModelFile model, OutputDescription outputs)
    {
        double asked = parsed.GetValue(_diameter) ?? 0;
        double mean = parsed.GetValue(_diamMean) ?? model.DiamMean ?? CellposeDiameter;
        if (asked != 0)
        {
            return (asked, mean);
        }

        return (outputs.HasFlow ? model.DiamLabels ?? model.DiamMean ?? CellposeDiameter : 0, mean);
    }
}
