using System.Runtime.InteropServices;

namespace SelfAdapt.Models.Onnx;

/// <summary>
/// A copy of a model in which every named weight is a tensor of its own in one run of bytes, so that new values are
/// copied over the old ones in place.
/// </summary>
internal sealed class WritableWeights
{
    private readonly ElementRun[] _places;

    /// <summary>Copies a model. Weights that are not named keep their values.</summary>
    /// <param name="names">Names of float32 weights, as in <see cref="OnnxModel.FindWeight"/>.</param>
    public WritableWeights(OnnxModel model, IReadOnlyList<string> names)
    {
        Model = WithOwnTensors(model.Embedded(), names);
        OnnxGraph graph = OnnxModel.Parse(Model, model.Origin).Graph;
        _places = [.. names.Select(n => graph.FindInitializer(n)!.Data.FixedRuns(sizeof(float)).SingleOrDefault())];
    }

    /// <summary>The ONNX file with the latest values; the same array all the time.</summary>
    public byte[] Model { get; }

    /// <param name="values">All weights, one after the other in the order of the names, row-major.</param>
    public void Write(ReadOnlySpan<float> values)
    {
        int count = _places.Sum(p => p.Count);
        if (values.Length != count)
        {
            throw new ArgumentException($"{values.Length} values can't fill {count} weights.");
        }

        foreach (ElementRun place in _places)
        {
            MemoryMarshal.AsBytes(values[..place.Count]).CopyTo(Model.AsSpan(place.Start));
            values = values[place.Count..];
        }
    }

    private static byte[] WithOwnTensors(OnnxModel model, IReadOnlyList<string> names)
    {
        Splicer splicer = new(model);
        HashSet<string> taken = [.. names];
        foreach (string name in names)
        {
            Weight weight = model.WeightIndex.Find(name) is { Tensor.DataType: OnnxDataType.Float } found
                ? found
                : throw new SelfAdaptException(
                    ErrorKind.ModelUnsupported, model.Origin, $"it holds no float32 weight named '{name}'.");
            splicer.Replace(weight.Node?.Record ?? weight.Tensor.Record, OnnxWriter.Initializer(weight.Tensor, name));
            if (weight.Node is null)
            {
                IEnumerable<OnnxNode> aliases = model.WeightIndex.AliasesOf(name);
                foreach (OnnxNode alias in aliases.Where(a => !taken.Contains(a.Outputs[0])))
                {
                    splicer.Replace(alias.Record, OnnxWriter.Initializer(weight.Tensor, alias.Outputs[0]));
                }
            }
        }

        return splicer.Finish();
    }
}
