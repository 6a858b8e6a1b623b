using SelfAdapt.Adaptation.Finding;
using SelfAdapt.Files;
using SelfAdapt.Files.Images;
using SelfAdapt.Models.Graph;
using SelfAdapt.Segmentation;
using SelfAdapt.Tool.Engines;
using SelfAdapt.Tool.Models;

namespace SelfAdapt.Tool.Studio;

/// <summary>Segments single images for the page, one at a time, and keeps what it found.</summary>
internal sealed class StudioSegmenter : IDisposable
{
    private const long MaskBytes = 256L << 20;

    private readonly BoundedCache<string, LabelImage> _masks = new(MaskBytes);
    private readonly SemaphoreSlim _turn = new(1);
    private (string Key, InferenceEngine Engine, ModelFile Model)? _open;

    /// <summary>Bytes that masks take in memory now.</summary>
    public long BytesKept => _masks.Bytes;

    /// <summary>The masks of an image.</summary>
    /// <param name="name">What names image and plane among all.</param>
    /// <param name="model">The model's file.</param>
    /// <param name="threads">0: one per processor.</param>
    /// <exception cref="SelfAdaptException">As <see cref="Segmenter.Segment"/>, or the model can't be run.</exception>
    public async Task<LabelImage> MasksAsync(
        string name, Func<NamedImage> image, string model, StudioSetup setup, int threads, CancellationToken aborted)
    {
        string key = $"{name}|{KeyOf(model)}|{setup.Diameter}|{setup.FirstChannel}|{setup.SecondChannel}|{setup.Invert}";
        await _turn.WaitAsync(aborted).ConfigureAwait(false);
        try
        {
            return _masks.Get(
                key,
                () =>
                {
                    (InferenceEngine engine, ModelFile file) = Open(model, threads);
                    NamedImage read = image();
                    return new Segmenter(engine.Network, Options(setup, file, engine.Network.Outputs) with { Threads = threads })
                        .Segment(read.Image, read.Name).Masks;
                },
                m => sizeof(int) * (long)m.Labels.Length);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The size of the objects in images; null where none is found at any size.</summary>
    public async Task<ObjectSize?> SizeAsync(
        IReadOnlyList<NamedImage> images, string model, StudioSetup setup, int threads, CancellationToken aborted)
    {
        await _turn.WaitAsync(aborted).ConfigureAwait(false);
        try
        {
            (InferenceEngine engine, ModelFile file) = Open(model, threads);
            return DiameterOf(file, engine.Network.Outputs) > 0
                ? new SizeFinder(engine.Network, Options(setup, file, engine.Network.Outputs) with { Threads = threads })
                    .Find(images, aborted)
                : throw new SelfAdaptException(
                    ErrorKind.InvalidOption, "This network is not bound to a size: images are taken as they are.");
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>How a set-up segments, as the command line would with the same values.</summary>
    public static SegmentationOptions Options(StudioSetup setup, ModelFile model, OutputDescription outputs)
    {
        SegmentationOptions options = new()
        {
            Diameter = setup.Diameter ?? DiameterOf(model, outputs),
            DiamMean = model.DiamMean ?? CellposeModels.Diameter,
            Channels = new ChannelPair(setup.FirstChannel, setup.SecondChannel),
            Invert = setup.Invert,
            Normalization = ImageInput.Read(model.Onnx).IsInteger
                ? IntensityNormalization.None : model.Normalization ?? IntensityNormalization.Percentile,
        };
        options.Validate();
        return options;
    }

    /// <summary>Refuses values that no image could be segmented with.</summary>
    /// <exception cref="SelfAdaptException">InvalidOption: one is out of its range.</exception>
    public static void Check(StudioSetup setup) => new SegmentationOptions
    {
        Diameter = setup.Diameter ?? 0,
        Channels = new ChannelPair(setup.FirstChannel, setup.SecondChannel),
    }.Validate();

    /// <summary>The diameter that is taken where none is given.</summary>
    public static double DiameterOf(ModelFile model, OutputDescription outputs) =>
        model.KnownDiameter(outputs);

    public void Dispose()
    {
        _open?.Engine.Dispose();
        _turn.Dispose();
    }

    private static string KeyOf(string model) =>
        FormattableString.Invariant($"{model}|{File.GetLastWriteTimeUtc(model).Ticks}");

    private (InferenceEngine Engine, ModelFile Model) Open(string path, int threads)
    {
        string key = FormattableString.Invariant($"{KeyOf(path)}|{threads}");
        if (_open is { } open && open.Key == key)
        {
            return (open.Engine, open.Model);
        }

        ModelFile model = ModelFile.Load(path);
        InferenceEngine engine = InferenceEngine.Open(
            RunnableNetwork.Of(model, null), new EngineRequest { Threads = threads }, TextWriter.Null);
        _open?.Engine.Dispose();
        _open = (key, engine, model);
        return (engine, model);
    }
}
