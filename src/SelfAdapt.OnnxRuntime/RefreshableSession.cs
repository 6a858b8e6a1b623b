using SelfAdapt.Models.Onnx;

namespace SelfAdapt.OnnxRuntime;

/// <summary>
/// A session whose weights change from step to step (the teacher): new values go over the old ones in the model's
/// bytes, and a new session is made from those. That is right at every optimisation level, and runs faster than
/// weights fed as inputs.
/// </summary>
internal sealed class RefreshableSession : IDisposable
{
    private readonly OrtOptions _options;
    private readonly WritableWeights _weights;

    /// <summary>Loads a model with its own weights.</summary>
    /// <param name="weightNames">Names of the float32 weights that change; the others keep their values.</param>
    /// <param name="options">Where and how it runs.</param>
    /// <exception cref="SelfAdaptException">
    /// A name is no float32 weight, or ONNX Runtime refuses the model (ModelUnsupported); it can't be loaded, or the
    /// device asked for can't be had (DeviceMissing).
    /// </exception>
    public RefreshableSession(OnnxModel model, IReadOnlyList<string> weightNames, OrtOptions options)
    {
        _options = options;
        _weights = new WritableWeights(model, weightNames);
        Current = Create();
    }

    /// <summary>
    /// The session with the latest weights; replaced by <see cref="Refresh(ReadOnlySpan{float})"/>.
    /// </summary>
    public OrtSession Current { get; private set; }

    /// <summary>Takes new weights into use.</summary>
    /// <param name="weights">All weights, one after the other in the order of the names, row-major.</param>
    /// <exception cref="ArgumentException">Their number is not that of the model's weights.</exception>
    public void Refresh(ReadOnlySpan<float> weights)
    {
        _weights.Write(weights);
        OrtSession old = Current;
        Current = Create();
        old.Dispose();
    }

    public void Dispose() => Current.Dispose();

    private OrtSession Create() => new(_weights.Model, _options);
}
