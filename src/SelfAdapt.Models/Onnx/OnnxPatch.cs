namespace SelfAdapt.Models.Onnx;

/// <summary>Writes new weights into a model's bytes, changing nothing else.</summary>
internal sealed class OnnxPatch
{
    // From this IR version on an initialiser need not be listed among the graph's inputs.
    private const long FreeInitializersIr = 4;

    private readonly OnnxModel _model;
    private readonly Splicer _splicer;
    private readonly HashSet<OnnxNode> _untied = [];

    public OnnxPatch(OnnxModel model)
    {
        _model = model;
        _splicer = new Splicer(model);
    }

    public OnnxModel Apply(
        IReadOnlyDictionary<string, float[]> weights, IReadOnlyDictionary<string, string>? metadata)
    {
        foreach ((string name, float[] values) in weights.OrderBy(w => w.Key, StringComparer.Ordinal))
        {
            Weight weight = Require(name, values);
            if (weight.IsAlias)
            {
                Untie(weight.Node!, values, NewValue(weights, weight.Tensor));
                continue;
            }

            Write(weight, values);
            if (weight.Node is null && _model.WeightIndex.AliasesOf(name).Any())
            {
                // Names that are not given keep their values even though they share this tensor.
                float[] old = weight.Tensor.ToFloats();
                foreach (OnnxNode alias in _model.WeightIndex.AliasesOf(name))
                {
                    Untie(alias, weights.GetValueOrDefault(alias.Outputs[0]) ?? old, values);
                }
            }
        }

        _splicer.SetMetadata(metadata);
        return _splicer.FinishModel();
    }

    private static float[] NewValue(IReadOnlyDictionary<string, float[]> weights, OnnxTensor tensor) =>
        weights.GetValueOrDefault(tensor.Name) ?? tensor.ToFloats();

    private Weight Require(string name, float[] values)
    {
        Weight weight = _model.WeightIndex.Find(name)
            ?? throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, _model.Origin, $"the model holds no weight named '{name}'.");
        if (!OnnxDataTypes.IsFloating(weight.Tensor.DataType) || weight.Tensor.Count != values.Length)
        {
            string shape = string.Join(',', weight.Tensor.Dims);
            throw new SelfAdaptException(
                ErrorKind.ModelUnsupported, _model.Origin,
                $"weight '{name}' is {weight.Tensor.DataType} [{shape}]; "
                + $"{values.Length} floats can't be written to it.");
        }

        return weight;
    }

    /// <summary>Writes in place the elements that differ.</summary>
    private void Write(Weight weight, float[] values)
    {
        OnnxTensor tensor = weight.Tensor;
        if (tensor.Data.IsVarint)
        {
            // A 16-bit float kept as a varint has no fixed place: the record is written anew as raw_data.
            if (!SameBits(tensor.ToFloats(), values))
            {
                string name = weight.Node?.Outputs[0] ?? tensor.Name;
                Replace(weight.Node?.Record ?? tensor.Record, tensor, name, values, weight.Node?.Name);
            }

            return;
        }

        int width = OnnxDataTypes.Size(tensor.DataType);
        byte[] target = _splicer.Writable(tensor.Data.Source);
        int i = 0;
        foreach (ElementRun run in tensor.Data.FixedRuns(width))
        {
            for (int k = 0; k < run.Count; k++, i++)
            {
                Splicer.WriteElement(target, run.Start + k * run.Stride, tensor.DataType, values[i]);
            }
        }
    }

    /// <summary>Gives an Identity's output a tensor of its own if it no longer equals the shared one.</summary>
    private void Untie(OnnxNode alias, float[] own, float[] shared)
    {
        if (SameBits(own, shared) || !_untied.Add(alias))
        {
            return;
        }

        OnnxTensor tensor = _model.Graph.FindInitializer(alias.Inputs[0])!;
        Replace(alias.Record, tensor, alias.Outputs[0], own, alias.Name);
    }

    private void Replace(ByteRange record, OnnxTensor like, string name, float[] values, string? nodeName)
    {
        OnnxTensor changed = like.WithValues(name, values);
        ProtoWriter replacement = new();
        if (nodeName is not null && _model.IrVersion < FreeInitializersIr)
        {
            OnnxAttribute value = OnnxAttribute.Tensor("value", changed);
            replacement.Message(GraphFields.Node, OnnxWriter.Node("Constant", nodeName, [], [name], value));
        }
        else
        {
            replacement.Message(GraphFields.Initializer, OnnxWriter.Tensor(changed, name));
        }

        _splicer.Replace(record, replacement.ToArray());
    }

    private static bool SameBits(float[] a, float[] b)
    {
        for (int i = 0; i < a.Length; i++)
        {
            if (!ElementBits.Same(a[i], b[i]))
            {
                return false;
            }
        }

        return true;
    }
}
