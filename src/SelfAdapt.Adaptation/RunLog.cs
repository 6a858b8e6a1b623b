using System;
using System.IO;
using System.Text.Json;
using SelfAdapt.Files;

namespace SelfAdapt.Adaptation;

/// <summary>
/// Writes run.jsonl: one JSON object per line, per step and per evaluation, flushed so that a run that is cut
/// off leaves everything up to there. Numbers that are not finite are written as null.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private readonly Stream _stream;
    private readonly string _name;
    private readonly MemoryStream _line = new();
    private readonly Utf8JsonWriter _writer;

    /// <summary>Writes to a stream and closes it in the end.</summary>
    /// <param name="stream">Where the lines go.</param>
    public RunLog(Stream stream, string name)
    {
        (_stream, _name) = (stream, name);
        _writer = new Utf8JsonWriter(_line, JsonStyle.Writer);
    }

    /// <summary>Bytes written, those of an earlier part of the run included.</summary>
    public long Length => _stream.Position;

    /// <summary>Creates the file; one that is there is replaced.</summary>
    public static RunLog Create(string path) => Open(path, anew: true, 0);

    /// <summary>Goes on with a file: what is behind the saved state's part is done again and cut off.</summary>
    public static RunLog Resume(string path, long length) => Open(path, anew: false, length);

    private static RunLog Open(string path, bool anew, long length)
    {
        try
        {
            Stream stream = Disk.Current.Grow(path, anew);
            try
            {
                if (stream.Length < length)
                {
                    throw new IOException("it is shorter than the part that the saved state belongs to.");
                }

                stream.SetLength(length);
                stream.Position = length;
            }
            catch
            {
                stream.Dispose();
                throw;
            }

            return new RunLog(stream, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritable(path, e);
        }
    }

    /// <summary>Writes a training step.</summary>
    public void Write(StepPoint point)
    {
        Begin("step", point.Iteration);
        Number("learningRate", point.LearningRate);
        Number("crossEntropy", point.CrossEntropy);
        Number("squaredError", point.SquaredError);
        Number("l2Sp", point.L2Sp);
        Number("loss", point.Loss);
        Number("gradientNorm", point.GradientNorm);
        Numbers("kept", point.Kept.Span);
        Numbers("thresholds", point.Thresholds.Span);
        Number("seconds", point.Seconds);
        End();
    }

    /// <summary>Writes an evaluation.</summary>
    public void Write(EvaluationPoint point, StopDecision decision)
    {
        Begin("evaluation", point.Iteration);
        HeldOutSignals signals = point.Signals;
        Number("fnRate", signals.FnRate);
        Number("embeddingDistance", signals.EmbeddingDistance);
        Number("agreement", signals.Agreement);
        Number("steadiness", signals.Steadiness);
        Number("explained", signals.Explained);
        Number("flowError", signals.FlowError);
        Number("foreground", signals.Foreground);
        Number("diameter", signals.Diameter);
        Number("meanConfidence", point.MeanConfidence);
        Number("viewVariance", point.ViewVariance);
        _writer.WriteNumber("cells", signals.Cells);
        Number("ap50", point.Ap50);
        _writer.WriteBoolean("kept", decision == StopDecision.Keep);
        End();
    }

    public void Dispose()
    {
        _writer.Dispose();
        _line.Dispose();
        _stream.Dispose();
    }

    private static SelfAdaptException NotWritable(string name, Exception cause) => new(
        ErrorKind.OutputNotWritable,
        $"The run log {name} can't be written: {cause.Message} Make room or choose another output folder.",
        cause);

    private void Begin(string kind, int iteration)
    {
        _line.SetLength(0);
        _writer.Reset();
        _writer.WriteStartObject();
        _writer.WriteString("kind", kind);
        _writer.WriteNumber("iteration", iteration);
    }

    private void Number(string name, double? value)
    {
        _writer.WritePropertyName(name);
        Value(value);
    }

    private void Numbers(string name, ReadOnlySpan<float> values)
    {
        _writer.WriteStartArray(name);
        foreach (float value in values)
        {
            if (float.IsFinite(value))
            {
                _writer.WriteNumberValue(value);
            }
            else
            {
                _writer.WriteNullValue();
            }
        }

        _writer.WriteEndArray();
    }

    private void Value(double? value)
    {
        if (value is double number && double.IsFinite(number))
        {
            _writer.WriteNumberValue(number);
        }
        else
        {
            _writer.WriteNullValue();
        }
    }

    private void End()
    {
        _writer.WriteEndObject();
        _writer.Flush();
        _line.WriteByte((byte)'\n');
        try
        {
            _line.WriteTo(_stream);
            _stream.Flush();
        }
        catch (IOException e)
        {
            throw NotWritable(_name, e);
        }
    }
}
