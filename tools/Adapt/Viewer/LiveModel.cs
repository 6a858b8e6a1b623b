using System.Text.Json.Nodes;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Models;
using SelfAdapt.Tool.Studio;

namespace SelfAdapt.Tool.Viewer;

/// <summary>A model that a page runs itself, through onnxruntime-web.</summary>
internal static class LiveModel
{
    /// <summary>The model as one file, which is all that a page can take.</summary>
    public static byte[] Read(string path) => ModelFile.Load(path).Onnx.Embedded().Bytes;

    /// <summary>What a page needs to run the model in use of a project.</summary>
    /// <param name="runtimeMissing">Why a page can't run any; null if it can.</param>
    public static JsonObject Describe(StudioSession session, string? runtimeMissing)
    {
        (JsonObject? settings, string? why) = runtimeMissing is not null
            ? (null, runtimeMissing)
            : Settings(
                session.Models.InUse, null,
                model => StudioSegmenter.Options(session.Project.State.Setup, model, model.Import(null).Outputs));
        return new JsonObject { ["settings"] = settings, ["why"] = why };
    }

    /// <summary>How a page runs a model.</summary>
    /// <param name="outputs">What its output channels mean; null to go by their number.</param>
    /// <param name="options">How images are segmented with it.</param>
    /// <returns>The settings, or why it can't.</returns>
    public static (JsonObject? Settings, string? Why) Settings(
        string path, OutputDescription? outputs, Func<ModelFile, SegmentationOptions> options)
    {
        try
        {
            ModelFile model = ModelFile.Load(path);
            Network network = model.Import(outputs);
            return network.Joined is not null || network.Outputs.Logit is null
                ? (null, "The page knows nothing of networks like this one; the command line runs it.")
                : ImageInput.Read(model.Onnx).HasFixedSize
                ? (null, "The model takes pictures of one fixed size only, so it can't run on tiles here.")
                : (Settings(network, options(model)), null);
        }
        catch (SelfAdaptException e)
        {
            return (null, e.Message);
        }
    }

    private static JsonObject Settings(Network network, SegmentationOptions options)
    {
        OutputPart? flow = network.Outputs.Parts.FirstOrDefault(p => p.Kind == OutputKind.VectorField);
        return new JsonObject
        {
            ["inputName"] = network.InputName,
            ["outputName"] = network.OutputName,
            ["inputChannels"] = network.InputChannels,
            ["outputChannels"] = network.Outputs.Channels,
            ["flowChannel"] = flow?.Channel,
            ["logitChannel"] = network.Outputs.Logit!.Channel,
            ["flowScale"] = network.Outputs.FlowScale,
            ["flowSteps"] = options.FlowSteps,
            ["rescale"] = options.Rescale,
            ["channels"] = new JsonArray(options.Channels.First, options.Channels.Second),
            ["normalization"] = NormalizationName.Of(options.Normalization),
            ["invert"] = options.Invert,
            ["flowThreshold"] = options.FlowThreshold,
            ["cellprobThreshold"] = options.CellprobThreshold,
            ["minSize"] = options.MinSize,
            ["augment"] = options.Augment,
            ["resample"] = options.Resample,
            ["tileOverlap"] = options.TileOverlap,
            ["maxSizeFraction"] = options.MaxSizeFraction,
            ["excludeOnEdges"] = options.ExcludeOnEdges,
        };
    }
}
