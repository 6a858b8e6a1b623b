using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace SelfAdapt.Models.Onnx;

/// <summary>
/// A model whose weights lie outside of it, in one flat float buffer: a runtime is handed both, so that new
/// weights need no new model file (spec/kernels-and-packages.md 7).
/// </summary>
public sealed class ExternalWeights
{
    private const int ExternalLocation = 1;

    private ExternalWeights(byte[] model, string location, float[] initial, IReadOnlyList<int> offsets)
    {
        (Model, Location, Initial, Offsets) = (model, location, initial, offsets);
    }

    /// <summary>The ONNX file without those weights.</summary>
    public byte[] Model { get; }

    /// <summary>The file name by which the model refers to the buffer.</summary>
    public string Location { get; }

    /// <summary>
    /// The weights as they are in the original model, one after the other in the order of the names.
    /// </summary>
    public float[] Initial { get; }

    /// <summary>
    /// Where each weight starts in the buffer, in floats; one more entry at the end, the buffer's length.
    /// </summary>
    public IReadOnlyList<int> Offsets { get; }

    /// <summary>
    /// Takes weights out of a model. Weights that are not named stay inside and keep their values.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="names">Names of float32 weights, as in <see cref="OnnxModel.FindWeight"/>.</param>
    /// <param name="location">The file name by which the new model refers to the buffer.</param>
    /// <exception cref="SelfAdaptException">A name is no float32 weight of this model.</exception>
    public static ExternalWeights Extract(OnnxModel model, IReadOnlyList<string> names, string location)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(names);
        Splicer splicer = new(model);
        HashSet<string> taken = [.. names];
        List<float> values = [];
        List<int> offsets = [0];
        foreach (string name in names)
        {
            Weight weight = model.WeightIndex.Find(name) is { Tensor.DataType: OnnxDataType.Float } found
                ? found
                : throw new SelfAdaptException(
                    ExitCode.ModelUnsupported, $"{model.Origin}: it holds no float32 weight named '{name}'.");
            ByteRange record = weight.Node?.Record ?? weight.Tensor.Record;
            ProtoWriter tensor = External(weight.Tensor, name, location, values.Count);
            splicer.Replace(record, Initializer(tensor));
            values.AddRange(weight.Tensor.ToFloats());
            offsets.Add(values.Count);
            if (weight.Node is null)
            {
                IEnumerable<OnnxNode> aliases = model.WeightIndex.AliasesOf(name);
                foreach (OnnxNode alias in aliases.Where(a => !taken.Contains(a.Outputs[0])))
                {
                    ProtoWriter own = OnnxWriter.Tensor(weight.Tensor, alias.Outputs[0]);
                    splicer.Replace(alias.Record, Initializer(own));
                }
            }
        }

        return new ExternalWeights(splicer.Finish(), location, [.. values], offsets);
    }

    private static byte[] Initializer(ProtoWriter tensor)
    {
        ProtoWriter field = new();
        field.Message(GraphFields.Initializer, tensor);
        return field.ToArray();
    }

    private static ProtoWriter External(OnnxTensor tensor, string name, string location, int offset)
    {
        ProtoWriter message = OnnxWriter.TensorHead(tensor, name);
        (string Key, string Value)[] entries =
        [
            ("location", location),
            ("offset", (offset * (long)sizeof(float)).ToString(CultureInfo.InvariantCulture)),
            ("length", (tensor.Count * sizeof(float)).ToString(CultureInfo.InvariantCulture)),
        ];
        foreach ((string key, string value) in entries)
        {
            message.Message(TensorFields.ExternalData, OnnxWriter.MetadataEntry(key, value));
        }

        message.Int(TensorFields.DataLocation, ExternalLocation);
        return message;
    }
}
