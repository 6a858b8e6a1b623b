using System;
using System.Collections.Generic;
using SelfAdapt.Models.Onnx;

namespace SelfAdapt.OnnxRuntime;

/// <summary>
/// A session whose weights change from step to step (the teacher). The weights lie in one buffer beside the
/// model,
/// and each refresh makes a new session from both: that costs some 70 ms for Cellpose, is right at every
/// optimisation level, and runs faster than weights fed as inputs (spec/kernels-and-packages.md 7).
/// </summary>
public sealed class RefreshableSession : IDisposable
{
    private const string Location = "weights.bin";

    private readonly OrtLibrary _library;
    private readonly OrtOptions _options;
    private readonly ExternalWeights _weights;
    private readonly float[] _buffer;

    /// <summary>Loads a model with its own weights.</summary>
    /// <param name="library">The native library.</param>
    /// <param name="model">The model.</param>
    /// <param name="weightNames">Names of the float32 weights that change; the others keep their
    /// values.</param>
    /// <param name="options">Where and how it runs.</param>
    /// <exception cref="SelfAdaptException">
    /// A name is no float32 weight, or ONNX Runtime refuses the model (ModelUnsupported), or the device asked
    /// for
    /// can't be had (DeviceMissing).
    /// </exception>
    public RefreshableSession(
        OrtLibrary library, OnnxModel model, IReadOnlyList<string> weightNames, OrtOptions options)
    {
        (_library, _options) = (library, options);
        _weights = ExternalWeights.Extract(model, weightNames, Location);
        _buffer = GC.AllocateUninitializedArray<float>(_weights.Initial.Length, pinned: true);
        _weights.Initial.CopyTo(_buffer, 0);
        Current = Create();
    }

    /// <summary>
    /// The session with the latest weights; replaced by <see cref="Refresh(ReadOnlySpan{float})"/>.
    /// </summary>
    public OrtSession Current { get; private set; }

    /// <summary>Number of floats in all changing weights together.</summary>
    public int WeightCount => _buffer.Length;

    /// <summary>Takes new weights into use.</summary>
    /// <param name="weights">All weights, one after the other in the order of the names, row-major.</param>
    /// <exception cref="ArgumentException">The number of values is not <see cref="WeightCount"/>.</exception>
    public void Refresh(ReadOnlySpan<float> weights)
    {
        if (weights.Length != _buffer.Length)
        {
            throw new ArgumentException($"{weights.Length} values can't fill {_buffer.Length} weights.");
        }

        weights.CopyTo(_buffer);
        Renew();
    }

    /// <summary>Takes new weights into use.</summary>
    /// <param name="weights">One array per name, in the order of the names, row-major.</param>
    /// <exception cref="ArgumentException">The number of arrays or the length of one is wrong.</exception>
    public void Refresh(IReadOnlyList<float[]> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (weights.Count != _weights.Offsets.Count - 1)
        {
            throw new ArgumentException($"{weights.Count} arrays for {_weights.Offsets.Count - 1} weights.");
        }

        for (int i = 0; i < weights.Count; i++)
        {
            int start = _weights.Offsets[i];
            if (weights[i].Length != _weights.Offsets[i + 1] - start)
            {
                throw new ArgumentException($"{weights[i].Length} values for weight {i} of another length.");
            }

            weights[i].CopyTo(_buffer, start);
        }

        Renew();
    }

    /// <inheritdoc/>
    public void Dispose() => Current.Dispose();

    private void Renew()
    {
        OrtSession old = Current;
        Current = Create();
        old.Dispose();
    }

    private OrtSession Create() => new(_library, _weights.Model, _options, Location, _buffer);
}
