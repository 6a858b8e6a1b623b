using SelfAdapt.Adaptation.Supervised;
using SelfAdapt.Engine;
using SelfAdapt.Engine.Cpu;
using SelfAdapt.Models.Cellpose;
using SelfAdapt.Models.Graph;
using SelfAdapt.Models.Onnx;
using SelfAdapt.Models.Torch;
using SelfAdapt.Segmentation;

namespace SelfAdapt.Study;

/// <summary>A source network.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Network">The network.</param>
/// <param name="DiamMean">The diameter its objects are scaled to, px.</param>
internal sealed record Source(string Name, Network Network, double DiamMean);

/// <summary>A source network that the study trains itself, of the embedded network's width.</summary>
/// <param name="DiamMean">The diameter its objects are scaled to, px.</param>
/// <param name="Images">The labelled images, given the data folder.</param>
internal sealed record SourceRecipe(double DiamMean, Func<string, IReadOnlyList<LabelledImage>> Images)
{
    /// <summary>Which channels are segmented.</summary>
    public ChannelPair Channels { get; init; }

    /// <summary>Passes over 24 images, in training that starts from the embedded network.</summary>
    public int Epochs { get; init; } = 100;

    /// <summary>Starts from random weights instead of the embedded network's, which has seen all of DSB2018.</summary>
    public bool FromScratch { get; init; }
}

/// <summary>The source networks.</summary>
internal static class Sources
{
    /// <summary>The embedded one, fine-tuned on a few images of cells in four styles.</summary>
    public const string Cells = "cells_small";

    /// <summary>The embedded StarDist network.</summary>
    public const string StarDist = "nuclei_stardist";

    private const double NucleiDiameter = 17;

    private static readonly int[] SmallWidths = [2, 16, 32, 64, 128];

    private static readonly Dictionary<string, SourceRecipe> Recipes = new()
    {
        [Cells] = new(24, Targets.CellsToTrainOn) { Channels = new(2, 1) },
        ["t98g_small"] = new(24, data => Targets.Labelled("t98g_phase", "adapt", data)),
        ["livecell_small"] = new(17, Targets.LiveCellLabelled),
        ["mito_small"] = new(24, data => Targets.Labelled("em_mito_neuropil", "source", data)),
        ["tissue_small"] = new(NucleiDiameter, Targets.BrightInverted) { Epochs = 40 },
        ["noisy_small"] = new(NucleiDiameter, Targets.NoisyFluorescence) { Epochs = 40 },
        ["mouse_small"] = new(NucleiDiameter, Targets.MouseLabelled) { Epochs = 40 },
        ["fluo256_small"] = new(NucleiDiameter, Targets.SmallFluorescence) { FromScratch = true },
    };

    /// <summary>Loads a source; one that has a recipe is made at the first call and kept in the cache folder.</summary>
    public static Source Load(string name, string repository, string shared, string cache) => name switch
    {
        "nuclei_small" => new Source(name, Network.Read(Embedded(name, repository)), NucleiDiameter),
        StarDist => new Source(name, Network.Read(Embedded(name, repository)), NucleiDiameter),
        "nuclei_dsb" => new Source(
            name,
            Network.Read(CellposeGraphBuilder.Build(TorchCheckpoint.Load(
                Path.Combine(shared, "models", "cellpose_nuclei_dsb", "nuclei_dsb")))),
            NucleiDiameter),
        _ when Recipes.TryGetValue(name, out SourceRecipe? recipe) => new Source(
            name, Trained(name, recipe, repository, shared, cache), recipe.DiamMean),
        _ => throw new ArgumentException($"There is no source '{name}'."),
    };

    private static OnnxModel Embedded(string name, string repository) =>
        OnnxModel.Load(Path.Combine(repository, "models", name + ".onnx"));

    private static Network Trained(string name, SourceRecipe recipe, string repository, string shared, string cache)
    {
        string path = Path.Combine(cache, name + ".onnx");
        if (!File.Exists(path))
        {
            OnnxModel start = recipe.FromScratch
                ? CellposeGraphBuilder.Build(CellposeGraphBuilder.RandomState(
                    SmallWidths, new RandomStream(0).Substream("initial weights").NextUniform, (float)recipe.DiamMean))
                : Embedded("nuclei_small", repository);
            Network network = Network.Read(start);
            using CpuBackend backend = new(0);
            using Trainer trainer = new(
                network, backend,
                recipe.FromScratch
                    ? new TrainerOptions { Epochs = 50, LearningRate = 0.005 }
                    : new TrainerOptions { Epochs = recipe.Epochs, LearningRate = 0.001 });
            TrainingSetOptions options = new()
            {
                Channels = recipe.Channels,
                DiamMean = recipe.DiamMean,
                CropSize = 128,
                ImagesPerEpoch = recipe.FromScratch ? 80 : 24,
            };
            TrainingSet set = TrainingSet.Create(
                recipe.Images(Path.Combine(shared, "data")), options, network.InputChannels);
            trainer.Train(
                set, null, e => Console.Error.WriteLine($"{name}: epoch {e.Epoch}, loss {e.Loss:F4}"), CancellationToken.None);
            Directory.CreateDirectory(cache);
            start.WithWeights(trainer.Weights.Download().ByName(network)).Save(path);
        }

        return Network.Read(OnnxModel.Load(path));
    }
}
